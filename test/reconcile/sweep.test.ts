import { expect, test } from "vitest";
import type { State } from "../../shared/reconcile/state.ts";
import { beginSweep, endSweep, isSweepDue, type PastSweep } from "../../shared/reconcile/sweep.ts";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const quiet: State = {
  runs: 1,
  sure: true,
  total: 100,
  lastSweep: { begunAt: 0, endedAt: HOUR, aheadMs: 0 },
};
const isDue = (state: Partial<State>, { live = 100, now = HOUR } = {}) =>
  isSweepDue({ ...quiet, ...state }, live, now, DAY);

test("a sweep is due at first, once a day, and when something is unsure or the account counts otherwise", () => {
  expect(isDue({})).toBe(false);
  expect(isDue({ lastSweep: undefined })).toBe(true);
  expect(isDue({}, { now: DAY - 1 })).toBe(false);
  expect(isDue({}, { now: DAY })).toBe(true);
  expect(isDue({ sure: false })).toBe(true);
  expect(isDue({}, { live: 101 })).toBe(true);
  expect(isDue({}, { live: 99 })).toBe(true);
});

test("a difference that a sweep of an account at rest has left is no reason for another one", () => {
  expect(isDue({ explained: 2 }, { live: 102 })).toBe(false);
  expect(isDue({ explained: 2 }, { live: 101 })).toBe(true);
  expect(isDue({ explained: 2 }, { live: 98 })).toBe(true);
});

test("sweeps beyond the daily one take a tenth of the time, an hour of it in advance", () => {
  const sweep = (minutes: number, before: PastSweep | undefined, now: number) =>
    endSweep({ ...beginSweep(quiet, 1, now), workedMs: minutes * 60_000 }, before, now);
  // Five minutes each, one after the other: an account of 10,000 tickets at 80 calls a minute.
  let last: PastSweep | undefined;
  let now = 0;
  let swept = 0;
  for (; now < 10 * HOUR; now += 5 * 60_000) {
    if (isDue({ sure: false, lastSweep: last }, { now })) {
      last = sweep(5, last, now);
      swept++;
    }
  }
  expect(swept * 5).toBeGreaterThan(100);
  expect(swept * 5).toBeLessThanOrEqual(60 + 60 + 5);

  // One of 50 minutes may be followed by another at once, and that one after hours only.
  const first = sweep(50, undefined, HOUR);
  expect(isDue({ sure: false, lastSweep: first }, { now: HOUR })).toBe(true);
  const second = sweep(50, first, 2 * HOUR);
  expect(isDue({ sure: false, lastSweep: second }, { now: 7 * HOUR })).toBe(false);
  expect(isDue({ sure: false, lastSweep: second }, { now: 9 * HOUR })).toBe(true);
});
