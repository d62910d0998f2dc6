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
  ...{ live: 100, now: HOUR, run: 2, changes: "unread", readings: 0, hasRead: false, sweepsBegun: 0 },
  sweeps: true,
};
const reading = { position: 0, begunAt: 0, readAt: 0, page: 1, pages: 2 };
const sweep: Sweep<number> = { ...reading, number: 2, first: false, workedMs: 0, seen: [], notes: 0 };
const end = { total: 100, doubts: [] };
const decided = (more: Partial<RunFacts>, state: Partial<RunFacts["state"]> = {}) =>
  nextRunStep({ ...known, ...more, state: { ...known.state, ...state } }).do;

describe("the next step", () => {
  test("is to read the changes, and then the end", () => {
    expect(decided({})).toBe("begin changes");
    expect(decided({ readings: 1 }, { changes: reading })).toBe("read changes");
    expect(decided({ readings: 1, changes: "current" })).toBe("end");
  });

  test("after a reading with doubts is another one, three in all", () => {
    expect(decided({ readings: 2, changes: "doubtful" })).toBe("begin changes");
    expect(decided({ readings: 3, changes: "doubtful" })).toBe("end");
  });

  test("of the very first run is a sweep", () => {
    const nothing = { checkpoint: undefined, lastSweep: undefined, total: undefined };
    expect(decided({ live: 0 }, nothing)).toBe("begin sweep");
    expect(decided({ live: 0, changes: "current" }, { ...nothing, sweep })).toBe("read sweep");
  });

  test("after a first sweep that found as many items as the account counts is to settle it", () => {
    const first = { ...sweep, first: true, end };
    expect(decided({ hasRead: true }, { sweep: first })).toBe("settle sweep");
    expect(decided({ hasRead: false }, { sweep: first })).toBe("begin changes");
    expect(decided({ hasRead: true, live: 99 }, { sweep: first })).toBe("begin changes");
  });

  test("in a sweep is to read the changes first, then the sweep, and at its end the changes again", () => {
    expect(decided({}, { sweep })).toBe("begin changes");
    expect(decided({ readings: 1, changes: "doubtful" }, { sweep })).toBe("read sweep");
    expect(decided({ readings: 1, changes: "current" }, { sweep })).toBe("read sweep");
    expect(decided({}, { sweep: { ...sweep, end } })).toBe("begin changes");
    expect(decided({ changes: "current" }, { sweep: { ...sweep, end } })).toBe("settle sweep");
  });

  test("after a sweep waits for the next run while readings of changes have doubts", () => {
    const doubtful: Partial<RunFacts> = { readings: 3, changes: "doubtful" };
    expect(decided(doubtful, { sweep: { ...sweep, end } })).toBe("end");
    expect(decided(doubtful, { sweep: { ...sweep, end, first: true } })).toBe("settle sweep");
  });

  test("is never a sweep when no item can be gone", () => {
    const without: Partial<RunFacts> = { sweeps: false };
    expect(decided(without, { checkpoint: undefined, lastSweep: undefined })).toBe("begin changes");
    expect(decided({ ...without, changes: "current" }, { lastSweep: undefined })).toBe("end");
  });

  test("names the reading and the sweep that it is for", () => {
    const state = { ...known.state, changes: reading, sweep };
    expect(nextRunStep({ ...known, state })).toEqual({ do: "read changes", reading });
    const read: RunFacts = { ...known, changes: "current" };
    expect(nextRunStep({ ...read, state: { ...known.state, sweep } })).toEqual({ do: "read sweep", sweep });
    const ended = { ...sweep, end };
    const settle = { do: "settle sweep", sweep: ended };
    expect(nextRunStep({ ...read, state: { ...known.state, sweep: ended } })).toEqual(settle);
  });

  test("is no fifth sweep in a run", () => {
    const missed = { lastSweep: { ...past, missed: 1 } };
    expect(decided({ changes: "current", sweepsBegun: 3 }, missed)).toBe("begin sweep");
    expect(decided({ changes: "current", sweepsBegun: 4 }, missed)).toBe("end");
  });
});

describe("a sweep is due", () => {
  const isDue = (
    { lastSweep, total = 100 }: { lastSweep?: Partial<PastSweep> | null; total?: number } = {},
    { live = 100, now = HOUR, run = 2 } = {},
  ) => {
    const state = { total, lastSweep: lastSweep === null ? undefined : { ...past, ...lastSweep } };
    return isSweepDue({ state, live, now, run });
  };

  test("at first, once a day, and when the account's count differs", () => {
    expect(isDue()).toBe(false);
    expect(isDue({ lastSweep: null })).toBe(true);
    expect(isDue({}, { now: DAY - 1 })).toBe(false);
    expect(isDue({}, { now: DAY })).toBe(true);
    expect(isDue({}, { live: 101 })).toBe(true);
    expect(isDue({}, { live: 99 })).toBe(true);
  });

  test("when the last one seems to have begun in the future", () => {
    expect(isDue({ lastSweep: { begunAt: 2 * DAY } })).toBe(true);
  });

  test("to look again for items that the last one missed, or may have missed", () => {
    expect(isDue({ lastSweep: { missed: 1 } })).toBe(true);
    expect(isDue({ lastSweep: { unproven: [7] } })).toBe(true);
    expect(isDue({ lastSweep: { unproven: "all" } })).toBe(true);
  });

  test("for a loss of most items only in another run and a minute later", () => {
    const lastSweep = { missed: 51, begunAt: -DAY };
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE - 1 })).toBe(false);
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE })).toBe(true);
    expect(isDue({ lastSweep }, { now: HOUR + MINUTE, run: 1 })).toBe(false);
  });

  test("when the count differs, unless two sweeps could not explain it", () => {
    expect(isDue({ lastSweep: { difference: 2, isSteady: true } }, { live: 102 })).toBe(false);
    expect(isDue({ lastSweep: { difference: 2, isSteady: false } }, { live: 102 })).toBe(true);
    expect(isDue({ lastSweep: { difference: 2, isSteady: true } }, { live: 101 })).toBe(true);
  });

  test("beyond once a day for a tenth of the time, an hour of it in advance", () => {
    const swept = (minutes: number, lastSweep: PastSweep | undefined, now: number) =>
      judgeSweep(
        { number: 1, begunAt: now, end, workedMs: minutes * MINUTE },
        { state: { lastSweep, total: 100 }, live: 100, now, run: 1, unseen: [], missedBefore: new Set() },
      ).lastSweep;
    // Five minutes each, one after the other: an account of 10,000 tickets at 80 calls a minute.
    let last: PastSweep | undefined;
    let [now, count] = [0, 0];
    for (; now < 10 * HOUR; now += 5 * MINUTE) {
      if (!isDue({ lastSweep: last ? { ...last, missed: 1 } : null }, { now })) continue;
      last = swept(5, last, now);
      count++;
    }
    expect(count * 5).toBeGreaterThan(100);
    expect(count * 5).toBeLessThanOrEqual(60 + 60 + 5);
  });
});

describe("a sweep at its end", () => {
  const item = (id: string, changedAt = 1): LiveItem => ({ row: id, hash: hashed(id), changedAt });
  const short = (id: string) => hashed(id).slice(0, 16);
  const settled = (
    unseen: LiveItem[],
    { doubts = [] as number[] | "all", missedBefore = [] as string[], lastSweep = past, total = 100 } = {},
  ) =>
    judgeSweep(
      { number: 2, begunAt: 0, end: { total: 100, doubts }, workedMs: 0 },
      {
        ...{ state: { lastSweep, total }, live: 100, now: HOUR, run: 2, unseen },
        missedBefore: new Set(missedBefore.map(short)),
      },
    );

  test("marks items that two sweeps missed, and remembers those that one missed", () => {
    const { gone, lastSweep, notes } = settled([item("a"), item("b")], { missedBefore: ["a", "c"] });
    expect(gone).toEqual([item("a")]);
    expect(lastSweep).toMatchObject({ number: 2, missed: 1, difference: -2, isSteady: false });
    expect(notes).toEqual({ "missed:000000": { sweep: 2, missed: [short("b")] } });
  });

  test("says nothing of items whose time it doubts, and has that time looked at again", () => {
    const { gone, lastSweep } = settled([item("a", 7), item("b", 8)], {
      doubts: [7, 9],
      missedBefore: ["a", "b"],
    });
    expect(gone).toEqual([item("b", 8)]);
    expect(lastSweep).toMatchObject({ missed: 0, unproven: [7] });
  });

  test("that doubts every key marks nothing", () => {
    const { gone, lastSweep } = settled([item("a")], { doubts: "all", missedBefore: ["a"] });
    expect([gone, lastSweep.missed, lastSweep.unproven]).toEqual([[], 0, []]);
  });

  test("leaves only the keys undecided that the sweeps before doubted too", () => {
    const lastSweep = { ...past, unproven: [3, 4] };
    expect(settled([], { doubts: [4, 5], lastSweep }).lastSweep.unproven).toEqual([4]);
    const first = judgeSweep(
      { number: 1, begunAt: 0, end: { total: 100, doubts: [4, 5] }, workedMs: 0 },
      { state: {}, live: 100, now: 0, run: 1, unseen: [], missedBefore: new Set() },
    );
    expect(first.lastSweep.unproven).toEqual([4, 5]);
  });

  test("keeps a difference only when the account did not change at its end", () => {
    expect(settled([], { total: 98 }).lastSweep.difference).toBeUndefined();
    expect(settled([]).lastSweep).toMatchObject({ difference: 0, isSteady: true });
  });
});
