import fc from "fast-check";
import { expect, test } from "vitest";
import { addRequest, nextRequestAt, type SentCounts } from "../../shared/subscriptions/rate.ts";

test("a request is permitted at once without a limit or below it", () => {
  expect(nextRequestAt([[100, 50]], undefined, 100_500)).toBe(0);
  expect(nextRequestAt([[100, 2]], 3, 100_500)).toBe(0);
});

test("a request above the limit waits until enough requests are older than a minute", () => {
  const sent: SentCounts = [
    [100, 2],
    [130, 1],
  ];
  expect(nextRequestAt(sent, 3, 140_000)).toBe(161_000);
  expect(nextRequestAt(sent, 1, 140_000)).toBe(191_000);
  expect(nextRequestAt(sent, 3, 161_000)).toBe(0);
});

test("a request waits exactly as long as the limit of each minute requires", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 60 }),
      (perMinute, gaps) => {
        let now = 1_000_000;
        let sent: SentCounts = [];
        const times: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const at = nextRequestAt(sent, perMinute, now);
          if (at > now) {
            // A request waits only after a full minute, and at most for a minute.
            expect(at - now).toBeLessThanOrEqual(61_000);
            expect(times.filter((time) => time > now - 62_000).length).toBeGreaterThanOrEqual(perMinute);
            now = at;
          }
          sent = addRequest(sent, now);
          times.push(now);
          expect(times.filter((time) => time > now - 60_000).length).toBeLessThanOrEqual(perMinute);
          expect(sent.length).toBeLessThanOrEqual(61);
        }
      },
    ),
  );
});
