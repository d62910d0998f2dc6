import { describe, expect, test } from "vitest";
import { judgeSweep, nextRunStep, type RunFacts, reasonToSweep } from "../../shared/reconcile/decide.ts";
import type { LiveItem } from "../../shared/reconcile/sink.ts";
import type { PastSweep, Sweep } from "../../shared/reconcile/state.ts";
import { hashed } from "../../shared/storage/keys.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const past: PastSweep = {
  ...{ number: 1, begunAt: 0, endedAt: HOUR, missed: 0, unproven: [], difference: 0 },
  differenceBefore: 0,
};
const known: RunFacts = {
  state: { checkpoint: { key: 0, closed: true }, lastSweep: past, total: 100 },
  ...{ live: 100, now: HOUR, isCurrent: false, readings: 0, hasRead: false, sweepsBegun: 0 },
  sweeps: true,
};
const reading = { position: 0, begunAt: 0, readAt: 0, page: 1, pages: 2 };
const sweep: Sweep<number> = { ...reading, number: 2, seen: [], notes: 0 };
const end = { total: 100, doubts: [] };
const nothingUnseen = { unseen: [], wasMissed: () => false };
const decided = (more: Partial<RunFacts>, state: Partial<RunFacts["state"]> = {}) =>
  nextRunStep({ ...known, ...more, state: { ...known.state, ...state } }).do;

describe("nextRunStep", () => {
  test("a run without a due sweep reads the changes and ends", () => {
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

  test("a first sweep with as many items as the account counts is settled in its own run", () => {
    const first = { sweep: { ...sweep, end }, lastSweep: undefined };
    expect(decided({ hasRead: true }, first)).toBe("settle sweep");
    expect(decided({ hasRead: false }, first)).toBe("begin changes");
    expect(decided({ hasRead: true, live: 99 }, first)).toBe("begin changes");
  });

  test("a run in a sweep reads the changes before and after the sweep", () => {
    expect(decided({}, { sweep })).toBe("begin changes");
    expect(decided({ readings: 1 }, { sweep })).toBe("read sweep");
    expect(decided({ readings: 1, isCurrent: true }, { sweep })).toBe("read sweep");
    expect(decided({}, { sweep: { ...sweep, end } })).toBe("begin changes");
    expect(decided({ isCurrent: true }, { sweep: { ...sweep, end } })).toBe("settle sweep");
  });

  test("a run settles only the first sweep while readings of the changes have doubts", () => {
    const doubtful: Partial<RunFacts> = { readings: 3 };
    expect(decided(doubtful, { sweep: { ...sweep, end } })).toBe("end");
    expect(decided(doubtful, { sweep: { ...sweep, end }, lastSweep: undefined })).toBe("settle sweep");
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

describe("reasonToSweep", () => {
  const reason = (
    { lastSweep, total = 100 }: { lastSweep?: Partial<PastSweep> | null; total?: number } = {},
    { live = 100, now = HOUR } = {},
  ) => {
    const state = { total, lastSweep: lastSweep === null ? undefined : { ...past, ...lastSweep } };
    return reasonToSweep({ state, live, now });
  };

  test("a sweep is due at first, once a day and when the count differs from the store", () => {
    expect(reason()).toBeUndefined();
    expect(reason({ lastSweep: null })).toBe("first");
    expect(reason({}, { now: DAY - 1 })).toBeUndefined();
    expect(reason({}, { now: DAY })).toBe("daily");
    expect(reason({}, { live: 101 })).toBe("count");
    expect(reason({}, { live: 99 })).toBe("count");
  });

  test("a sweep is due when the last one began in the future by our clock", () => {
    expect(reason({ lastSweep: { begunAt: 2 * DAY } })).toBe("daily");
  });

  test("a sweep is due when the last one missed items or may have missed some", () => {
    expect(reason({ lastSweep: { missed: 1 } })).toBe("missed items");
    expect(reason({ lastSweep: { unproven: [7] } })).toBe("doubts");
    expect(reason({ lastSweep: { unproven: "all" } })).toBe("doubts");
  });

  test("the next sweep is due a minute after one that missed most items", () => {
    const lastSweep = { missed: 51, begunAt: -DAY };
    expect(reason({ lastSweep }, { now: HOUR + MINUTE - 1 })).toBeUndefined();
    expect(reason({ lastSweep }, { now: HOUR + MINUTE })).toBe("daily");
  });

  test("a sweep for a different count is due until two sweeps show the same difference", () => {
    expect(reason({ lastSweep: { difference: 2, differenceBefore: 2 } }, { live: 102 })).toBeUndefined();
    expect(reason({ lastSweep: { difference: 2, differenceBefore: 1 } }, { live: 102 })).toBe("count");
    expect(reason({ lastSweep: { difference: 2, differenceBefore: 2 } }, { live: 101 })).toBe("count");
  });

  test("only an extra sweep waits for its time", () => {
    const lastSweep = { missed: 1, extraAt: 2 * DAY };
    expect(reason({ lastSweep }, { now: DAY - 1 })).toBeUndefined();
    expect(reason({ lastSweep }, { now: DAY })).toBe("daily");
    expect(reason({ lastSweep: { missed: 1, extraAt: HOUR } }, { now: HOUR })).toBe("missed items");
  });

  /** Counts the sweeps that are due in `forMs`. Each reads `pages` pages and misses an item. */
  const countSweeps = ({ pages, everyMs, forMs }: { pages: number; everyMs: number; forMs: number }) => {
    let lastSweep: PastSweep | undefined;
    let count = 0;
    for (let now = 9 * DAY; now < 9 * DAY + forMs; now += everyMs) {
      if (!reason({ lastSweep: lastSweep ? { ...lastSweep, missed: 1 } : null }, { now })) continue;
      const facts = { state: { lastSweep, total: 100 }, live: 100, now };
      lastSweep = judgeSweep({ number: 1, begunAt: now, page: pages, end }, facts, nothingUnseen).lastSweep;
      count++;
    }
    return count;
  };

  test("extra sweeps read at most eight pages a minute, with ten hours' pages in advance", () => {
    // An account of 10,000 tickets.
    const sweeps = countSweeps({ pages: 400, everyMs: 5 * MINUTE, forMs: 10 * HOUR });
    expect(sweeps * 400).toBe((10 + 10) * 60 * 8);
  });

  test("an extra sweep of a small account never waits", () => {
    // An account of 1,000 tickets that loses a ticket every five minutes.
    const everyMs = 5 * MINUTE;
    expect(countSweeps({ pages: 40, everyMs, forMs: DAY })).toBe(DAY / everyMs);
  });

  test("a sweep that ended in the future by our clock does not delay the sweeps after it", () => {
    const lastSweep = { ...past, endedAt: 300 * DAY, extraAt: 300 * DAY };
    const facts = { state: { lastSweep, total: 100 }, live: 100, now: DAY };
    const judged = judgeSweep({ number: 2, begunAt: DAY, page: 4, end }, facts, nothingUnseen);
    expect(judged.lastSweep.extraAt).toBe(DAY - 10 * HOUR + 30_000);
  });
});

describe("judgeSweep", () => {
  const item = (id: string, changedAt = 1): LiveItem => ({ row: id, hash: hashed(id), changedAt });
  const settled = (
    unseen: LiveItem[],
    { doubts = [] as number[] | "all", missedBefore = [] as string[], lastSweep = past, total = 100 } = {},
  ) =>
    judgeSweep(
      { number: 2, begunAt: 0, page: 4, end: { total: 100, doubts } },
      { state: { lastSweep, total }, live: 100, now: HOUR },
      { unseen, wasMissed: ({ row }) => missedBefore.includes(row) },
    );

  test("an item is deleted when two sweeps in a row missed it", () => {
    const { gone, missed, lastSweep } = settled([item("a"), item("b")], { missedBefore: ["a", "c"] });
    expect(gone).toEqual([item("a")]);
    expect(lastSweep).toMatchObject({ number: 2, missed: 1, difference: -2, differenceBefore: 0 });
    expect(missed).toEqual([item("b")]);
  });

  test("an item with a doubted time is neither deleted nor missed", () => {
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
      { number: 1, begunAt: 0, page: 4, end: { total: 100, doubts: [4, 5] } },
      { state: {}, live: 100, now: 0 },
      nothingUnseen,
    );
    expect(first.lastSweep.unproven).toEqual([4, 5]);
  });

  test("a sweep has a difference only if the count is the same before and after it", () => {
    expect(settled([], { total: 98 }).lastSweep.difference).toBeUndefined();
    expect(settled([]).lastSweep).toMatchObject({ difference: 0, differenceBefore: 0 });
  });
});
