import { expect, test, vi } from "vitest";
import { UpstreamTimeout } from "../../shared/core/errors.ts";
import type { CallOptions } from "../../shared/livechat/send.ts";
import { shareLoad } from "../../shared/livechat/shared-load.ts";
import { failureOf, useVirtualTime } from "./upstream.ts";

/** A load that ends when the test says so. */
function startLoad(freshFor = 1_000) {
  const loads: { call: CallOptions; end: PromiseWithResolvers<string> }[] = [];
  const { get, forget } = shareLoad((call) => {
    const end = Promise.withResolvers<string>();
    loads.push({ call, end });
    return end.promise;
  }, freshFor);
  return { get, forget, loads };
}

test("the deadline of a load's first call does not end the load for other calls", async () => {
  useVirtualTime();
  const { get, loads } = startLoad();
  const first = failureOf(get({ deadline: Date.now() + 2_000 }));
  const second = get({ deadline: Date.now() + 10_000 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await first).toBeInstanceOf(UpstreamTimeout);
  loads[0]?.end.resolve("loaded");
  expect(await second).toBe("loaded");
  expect(loads).toHaveLength(1);
});

test("the signal of a load's first call does not end the load for other calls", async () => {
  const { get, loads } = startLoad();
  const abort = new AbortController();
  const first = failureOf(get({ signal: abort.signal }));
  const second = get();
  const reason = new Error("stop");
  abort.abort(reason);
  expect(await first).toBe(reason);
  loads[0]?.end.resolve("loaded");
  expect(await second).toBe("loaded");
});

test("a load gets only the priority of its first call", async () => {
  const { get, loads } = startLoad();
  const { signal } = new AbortController();
  const call = {
    priority: "background",
    signal,
    deadline: Date.now() + 9_000,
    beforeSend: async () => {},
  } as const;
  const result = get(call);
  loads[0]?.end.resolve("loaded");
  await result;
  expect(loads[0]?.call).toEqual({ priority: "background" });
});

test("an operator's call does not wait for a background load", async () => {
  const { get, loads } = startLoad();
  const background = failureOf(get({ priority: "background" }));
  const operator = get();
  const joining = get({ priority: "background" });
  loads[0]?.end.reject(new Error("no turn"));
  loads[1]?.end.resolve("loaded");
  expect(await background).toEqual(new Error("no turn"));
  expect([await operator, await joining]).toEqual(["loaded", "loaded"]);
  expect(loads.map(({ call }) => call.priority)).toEqual(["background", undefined]);
});

test("an operator's call takes the result of an ended background load", async () => {
  const { get, loads } = startLoad();
  const background = get({ priority: "background" });
  loads[0]?.end.resolve("loaded");
  await background;
  expect(await get()).toBe("loaded");
  expect(loads).toHaveLength(1);
});

test("a result is kept until it is too old for a call or forgotten", async () => {
  useVirtualTime();
  let count = 0;
  const { get, forget } = shareLoad(async () => ++count, 1_000);
  expect([await get(), await get()]).toEqual([1, 1]);
  vi.setSystemTime(Date.now() + 500);
  expect([await get({}, 501), await get({}, 500), await get()]).toEqual([1, 2, 2]);
  vi.setSystemTime(Date.now() + 1_000);
  expect(await get()).toBe(3);
  forget();
  expect(await get()).toBe(4);
});

test("a failed load is not kept", async () => {
  const { get, loads } = startLoad();
  const failed = failureOf(get());
  loads[0]?.end.reject(new Error("no answer"));
  expect(await failed).toEqual(new Error("no answer"));
  const again = get();
  loads[1]?.end.resolve("loaded");
  expect(await again).toBe("loaded");
});
