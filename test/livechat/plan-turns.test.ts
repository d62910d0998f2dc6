import { expect, test } from "vitest";
import { planTurns, type Traffic, type WaitingCall } from "../../shared/livechat/plan-turns.ts";

const now = 100_000;
const idle: Traffic = {
  now,
  limit: 5,
  sendTimes: [],
  inFlight: { operator: 0, background: 0 },
  concurrency: 10,
  pausedUntil: Number.NEGATIVE_INFINITY,
};
const operator: WaitingCall = { priority: "operator", startBy: now + 25_000 };
const background: WaitingCall = { priority: "background", startBy: now + 25_000 };

test("without traffic, all operators' calls are sent at once", () => {
  const calls = [operator, operator, operator];
  expect(planTurns(calls, idle)).toEqual({ send: calls, refuse: [], wait: [], planAgainAt: Infinity });
});

test("of several background calls, one is sent and the others wait for its end", () => {
  expect(planTurns([background, background], idle)).toEqual({
    send: [background],
    refuse: [],
    wait: [background],
    planAgainAt: background.startBy + 1,
  });
});

test("calls beyond the concurrency wait until a call in flight ends", () => {
  const traffic = { ...idle, concurrency: 3, inFlight: { operator: 1, background: 1 } };
  expect(planTurns([operator, operator], traffic)).toEqual({
    send: [operator],
    refuse: [],
    wait: [operator],
    planAgainAt: operator.startBy + 1,
  });
});

test("a call beyond the limit waits until the oldest call is 61 s old", () => {
  const sendTimes = [now - 50_000, now - 2, now - 2, now - 1, now];
  expect(planTurns([operator], { ...idle, sendTimes })).toEqual({
    send: [],
    refuse: [],
    wait: [operator],
    planAgainAt: now + 11_000,
  });
});

test("a call whose turn comes too late is refused with the time of its turn", () => {
  const sendTimes = [now - 4, now - 3, now - 2, now - 1, now];
  expect(planTurns([operator], { ...idle, sendTimes })).toEqual({
    send: [],
    wait: [],
    planAgainAt: Infinity,
    refuse: [{ call: operator, turnAt: now - 4 + 61_000 }],
  });
});

test("a background call is refused if only the operators' fifth of the limit is left", () => {
  const sendTimes = [now - 4, now - 3, now - 2, now - 1];
  const { send, refuse } = planTurns([operator, background], { ...idle, sendTimes });
  expect(send).toEqual([operator]);
  expect(refuse).toEqual([{ call: background, turnAt: now - 3 + 61_000 }]);
});

test("during a pause, a call waits only if it can wait until the end", () => {
  const impatient: WaitingCall = { priority: "operator", startBy: now + 1_000 };
  expect(planTurns([impatient, operator], { ...idle, pausedUntil: now + 2_000 })).toEqual({
    send: [],
    wait: [operator],
    planAgainAt: now + 2_000,
    refuse: [{ call: impatient, turnAt: now + 2_000 }],
  });
});

test("a call whose turn comes at the last moment waits for it", () => {
  const last: WaitingCall = { priority: "operator", startBy: now + 2_000 };
  const { wait, refuse } = planTurns([last], { ...idle, pausedUntil: now + 2_000 });
  expect([wait, refuse]).toEqual([[last], []]);
});
