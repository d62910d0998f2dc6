import { expect, test } from "vitest";
import { Slowdown } from "../../shared/livechat/after-429.ts";

const now = 1_000;
const slowdownOf = (concurrency: number) =>
  new Slowdown(
    concurrency,
    () => 0.5,
    () => now,
  );

test("a 429 with Retry-After pauses all calls for that time and halves the concurrency", () => {
  const slowdown = slowdownOf(10);
  slowdown.callThrottled(slowdown.round, 3_000);
  expect(slowdown).toMatchObject({ pausedUntil: now + 3_000, concurrency: 5, round: 1 });
});

test("a further 429 of the same round can only extend the pause", () => {
  const slowdown = slowdownOf(10);
  for (const asked of [3_000, 4_000, 2_000]) slowdown.callThrottled(0, asked);
  expect(slowdown).toMatchObject({ pausedUntil: now + 4_000, concurrency: 5, round: 1 });
});

test("each 429 without Retry-After doubles the pause, up to a minute", () => {
  const slowdown = slowdownOf(1);
  const pauses = Array.from({ length: 8 }, () => {
    slowdown.pausedUntil = 0;
    slowdown.callThrottled(slowdown.round);
    return slowdown.pausedUntil - now;
  });
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("as many passed calls as the concurrency raise it by one, up to its first value", () => {
  const slowdown = slowdownOf(3);
  slowdown.callThrottled(0, 0);
  const concurrencies = Array.from({ length: 8 }, () => {
    slowdown.callPassed();
    return slowdown.concurrency;
  });
  expect(concurrencies).toEqual([2, 2, 3, 3, 3, 3, 3, 3]);
});
