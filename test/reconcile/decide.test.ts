import { describe, expect, test } from "vitest";
import { isSweepDue, judgeSweep, nextRunStep, type RunFacts } from "../../shared/reconcile/decide.ts";
import type { LiveItem } from "../../shared/reconcile/sink.ts";
import type { PastSweep, Sweep } from "../../shared/reconcile/state.ts";
import { hashed } from "../../shared/storage/keys.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const past: PastSweep = {
  ...{ number: 1, run: 1, begunAt: 0, endedAt: HOUR, missed: 0, unproven: [], difference: 0 },
  ...{ isSteady: true, aheadMs: 0 },
};
const known: RunFacts = {
  state: { checkpoint: { key: 0, closed: true }, lastSweep: past, total: 100 },
  ...{ live: 100, now: HOUR, run: 2, isCurrent: false, readings: 0, hasRead: false, sweepsBegun: 0 },
  sweeps: true,
};
const reading = { position: 0, begunAt: 0, readAt: 0, page: 1, pages: 2 };
const sweep: Sweep<number> = { ...reading, number: 2, first: false, workedMs: 0, seen: [], notes: 0 };
const end = { total: 100, doubts: [] };
const nothingUnseen = { unseen: [], wasMissed: () => false };
const decided = (more: Partial<RunFacts>, state: Partial<RunFacts["state"]> = {}) =>
  nextRunStep({ ...known, ...more, state: { ...known.state, ...state } }).do;

describe("nextRunStep", () => {
  test("a run without a due sweep begins a reading of the changes, reads its pages and ends", () => {
    expect(decided({})).toBe("begin changes");
    expect(decided({ readings: 1 }, { changes: reading })).toBe("read changes");
    expect(decided({ readings: 1, isCurrent: true })).toBe("end");
  });

  test("a run reads the changes up to three times while readings have doubts", () => {
    expect(decided({ readings: 2 })).toBe("begin changes");
    expect(decided({ readings: 3 })).toBe("end");
  });

  test("the first run of all begins a sweep, because it has no checkpoint", () => {
    const nothing = { checkpoint: undefined, lastSweep: undefined, total: undefined };
    expect(decided({ live: 0 }, nothing)).toBe("begin sweep");
    expect(decided({ live: 0, isCurrent: true }, { ...nothing, sweep })).toBe("read sweep");
  });

  test("a first sweep that found as many items as the account counts is settled at once in its own run", () => {
    const first = { ...sweep, first: true, end };
    expect(decided({ hasRead: true }, { sweep: first })).toBe("settle sweep");
    expect(decided({ hasRead: false }, { sweep: first })).toBe("begin changes");
    expect(decided({ hasRead: true, live: 99 }, { sweep: first })).toBe("begin changes");
  });

  test("a run in a sweep reads the changes, then the sweep, and then the changes again", () => {
    expect(decided({}, { sweep })).toBe("begin changes");
    expect(decided({ readings: 1 }, { sweep })).toBe("read sweep");
    expect(decided({ readings: 1, isCurrent: true }, { sweep })).toBe("read sweep");
    expect(decided({}, { sweep: { ...sweep, end } })).toBe("begin changes");
    expect(decided({ isCurrent: true }, { sweep: { ...sweep, end } })).toBe("settle sweep");
  });

  test("a run settles no sweep but the first one while readings of the changes have doubts", () => {
    const doubtful: Partial<RunFacts> = { readings: 3 };
    expect(decided(doubtful, { sweep: { ...sweep, end } })).toBe("end");
    expect(decided(doubtful, { sweep: { ...sweep, end, first: true } })).toBe("settle sweep");
  });

  test("a reconciliation without sweeps reads the changes without a checkpoint and ends", () => {
    const without: Partial<RunFacts> = { sweeps: false };
    expect(decided(without, { checkpoint: undefined, lastSweep: undefined })).toBe("begin changes");
    expect(decided({ ...without, isCurrent: true }, { lastSweep: undefined })).toBe("end");
  });

  test("the steps that read or settle include the reading or the sweep", () => {
    const state = { ...known.state, changes: reading, sweep };
    expect(nextRunStep({ ...known, state })).toEqual({ do: "read changes", reading });
    const read: RunFacts = { ...known, isCurrent: true };
    expect(nextRunStep({ ...read, state: { ...known.state, sweep } })).toEqual({ do: "read sweep", sweep });
    const ended = { ...sweep, end };
    const settle = { do: "settle sweep", sweep: ended };
    expect(nextRunStep({ ...read, state: { ...known.state, sweep: ended } })).toEqual(settle);
  });

  test("a run begins at most four sweeps", () => {
    const missed = { lastSweep: { ...past, missed: 1 } };
    expect(decided({ isCurrent: true, sweepsBegun: 3 }, missed)).toBe("begin sweep");
    expect(decided({ isCurrent: true, sweepsBegun: 4 }, missed)).toBe("end");
  });
});

describe("isSweepDue", () => {
  const isDue = (
    { lastSweep, total = 100 }: { lastSweep?: Partial<PastSweep> | null; total?: number } = {},
    { live = 100, now = HOUR, run = 2 } = {},
  ) => {
    const state = { total, lastSweep: lastSweep === null ? undefined : { ...past, ...lastSweep } };
    return isSweepDue({ state, live, now, run });
  };

  test("a sweep is due at first, once a day, and when the account's count differs from the stored items", () => {
    expect(isDue()).toBe(false);
    expect(isDue({ lastSweep: null })).toBe(true);
    expect(isDue({}, { now: DAY - 1 })).toBe(false);
    expect(isDue({}, { now: DAY })).toBe(true);
    expect(isDue({}, { live: 101 })).toBe(true);
    expect(isDue({}, { live: 99 })).toBe(true);
  });

  test("a sweep is due when the last one began in the future by our clock", () => {
    expect(isDue({ lastSweep: { begunAt: 2 * DAY } })).toBe(true);
  });

  test("a sweep is due when the last one missed items or may have missed some", () => {
    expect(isDue({ lastSweep: { missed: 1 } })).toBe(true);
    expect(isDue({ lastSweep: { unproven: [7] } })).toBe(true);
    expect(isDue({ lastSweep: { unproven: "all" } })).toBe(true);
  });

  test("after a sweep that missed most items, the next one is due a minute later in another run", () => {
    const lastSweep = { missed: 51, begunAt: -DAY };
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE - 1 })).toBe(false);
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE })).toBe(true);
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE, run: 1 })).toBe(false);
  });

  test("a sweep is due when the count differs, unless two sweeps have shown the same difference", () => {
    expect(isDue({ lastSweep: { difference: 2, isSteady: true } }, { live: 102 })).toBe(false);
    expect(isDue({ lastSweep: { difference: 2, isSteady: false } }, { live: 102 })).toBe(true);
    expect(isDue({ lastSweep: { difference: 2, isSteady: true } }, { live: 101 })).toBe(true);
  });

  test("additional sweeps take at most a tenth of the time and an hour", () => {
    const swept = (minutes: number, lastSweep: PastSweep | undefined, now: number) =>
      judgeSweep(
        { number: 1, begunAt: now, end, workedMs: minutes * MINUTE },
        { state: { lastSweep, total: 100 }, live: 100, now, run: 1 },
        nothingUnseen,
      ).lastSweep;
    // Five minutes each, one after the other: an account of 10,000 tickets at 80 calls a minute.
    let last: PastSweep | undefined;
    let [now, count] = [0, 0];
    for (; now < 10 * HOUR; now += 5 * MINUTE) {
      if (!isDue({ lastSweep: last ? { ...last, missed: 1 } : null }, { now })) continue;
      last = swept(5, last, now);
      count++;
    }
    // A tenth of the ten hours, and the hour in advance.
    expect(count * 5).toBe(60 + 60);
  });
});

describe("judgeSweep", () => {
  const item = (id: string, changedAt = 1): LiveItem => ({ row: id, hash: hashed(id), changedAt });
  const settled = (
    unseen: LiveItem[],
    { doubts = [] as number[] | "all", missedBefore = [] as string[], lastSweep = past, total = 100 } = {},
  ) =>
    judgeSweep(
      { number: 2, begunAt: 0, end: { total: 100, doubts }, workedMs: 0 },
      { state: { lastSweep, total }, live: 100, now: HOUR, run: 2 },
      { unseen, wasMissed: ({ row }) => missedBefore.includes(row) },
    );

  test("an item is deleted when two sweeps in a row missed it", () => {
    const { gone, missed, lastSweep } = settled([item("a"), item("b")], { missedBefore: ["a", "c"] });
    expect(gone).toEqual([item("a")]);
    expect(lastSweep).toMatchObject({ number: 2, missed: 1, difference: -2, isSteady: false });
    expect(missed).toEqual([item("b")]);
  });

  test("an item whose time the sweep doubts is neither deleted nor missed, and its time stays unproven", () => {
    const { gone, lastSweep } = settled([item("a", 7), item("b", 8)], {
      doubts: [7, 9],
      missedBefore: ["a", "b"],
    });
    expect(gone).toEqual([item("b", 8)]);
    expect(lastSweep).toMatchObject({ missed: 0, unproven: [7] });
  });

  test("a sweep that doubts all times deletes nothing", () => {
    const { gone, lastSweep } = settled([item("a")], { doubts: "all", missedBefore: ["a"] });
    expect([gone, lastSweep.missed, lastSweep.unproven]).toEqual([[], 0, []]);
  });

  test("a time stays unproven only while every sweep doubts it", () => {
    const lastSweep = { ...past, unproven: [3, 4] };
    expect(settled([], { doubts: [4, 5], lastSweep }).lastSweep.unproven).toEqual([4]);
    const first = judgeSweep(
      { number: 1, begunAt: 0, end: { total: 100, doubts: [4, 5] }, workedMs: 0 },
      { state: {}, live: 100, now: 0, run: 1 },
      nothingUnseen,
    );
    expect(first.lastSweep.unproven).toEqual([4, 5]);
  });

  test("a sweep has a difference only when the account's count is the same before and after it", () => {
    expect(settled([], { total: 98 }).lastSweep.difference).toBeUndefined();
    expect(settled([]).lastSweep).toMatchObject({ difference: 0, isSteady: true });
  });
});
