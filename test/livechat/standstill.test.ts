import { expect, it, vi } from "vitest";
import { TooManyRequests } from "../../shared/core/errors.ts";
import { RateLimit } from "../../shared/livechat/rate-limit.ts";

const turn = { priority: "operator", repeated: false, patience: 20_000 } as const;

it("a call that expired while the process stood still is refused and not sent", async () => {
  let time = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const rateLimit = new RateLimit("LiveChat", 1, { now: () => time });
  await rateLimit.run(async () => {}, turn);
  time = 45_000;
  const send = vi.fn(async () => {});
  const call = rateLimit.run(send, turn);
  const outcome = call.catch((error: unknown) => error);
  // All timers are late, and the limit has room again.
  time = 45_000 + 35_000;
  await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
  expect(await outcome).toBeInstanceOf(TooManyRequests);
  expect(send).not.toHaveBeenCalled();
});
