import { DAY, HOUR, MINUTE, SECOND } from "../core/time.ts";
import type { Doubts } from "../listing/source.ts";
import type { LiveItem } from "./sink.ts";
import type { ListReading, PastSweep, ReconcileState, Sweep } from "./state.ts";

/** What a run has done so far. */
export type RunProgress = {
  /** Whether all changes are certainly stored. */
  isCurrent: boolean;
  /** How many readings of the changes the run has begun; 0 again at the end of a sweep. */
  readings: number;
  /** Whether the run has read a page. */
  hasRead: boolean;
  sweepsBegun: number;
};

/** What is known when a run decides about sweeps. */
type SweepFacts = {
  state: Pick<ReconcileState, "lastSweep" | "total">;
  /** How many items are stored and not marked as deleted. */
  live: number;
  /** Milliseconds since the epoch. */
  now: number;
};

/** What a run knows when it decides on its next step. */
export type RunFacts<Position = unknown> = RunProgress &
  SweepFacts & {
    state: Pick<ReconcileState<Position>, "checkpoint" | "changes" | "sweep">;
    /** Whether the reconciliation makes sweeps. */
    sweeps: boolean;
  };

type RunStep<Position> =
  | { do: "begin changes" }
  /** Reads the next page. */
  | { do: "read changes"; reading: ListReading<Position> }
  | { do: "begin sweep" }
  /** Reads the next page. */
  | { do: "read sweep"; sweep: Sweep<Position> }
  | { do: "settle sweep"; sweep: Sweep<Position> }
  | { do: "end" };

/** The largest number of readings of the changes, when each reading may have missed an item. */
const MAX_READINGS = 3;
/** The largest number of sweeps that a run begins. */
const MAX_SWEEPS = 4;

/**
 * Decides the next step of a run. The run first reads the changes. When a sweep is due, it then reads the whole list,
 * page by page. Finally it reads the changes that were made during the sweep, so that a changed item is not marked as
 * deleted.
 */
export function nextRunStep<Position>(known: RunFacts<Position>): RunStep<Position> {
  const { state, live, isCurrent, readings, hasRead, sweeps, sweepsBegun } = known;
  const { sweep } = state;
  const isSweeping = sweep !== undefined && !sweep.end;
  const isFirst = state.lastSweep === undefined;
  // 1. Finish the reading of the changes that is in progress.
  if (state.changes) return { do: "read changes", reading: state.changes };
  // 2. Settle a perfect first sweep at once: it found as many items as the account counts, so it has missed none, and
  //    there are no older items to mark as deleted.
  if (hasRead && isFirst && sweep?.end?.total === live) return { do: "settle sweep", sweep };
  // 3. Read the changes until all are certainly stored, but at most three times, and once while a sweep is read. Before
  //    the first sweep there is no checkpoint to read from.
  const canRead = state.checkpoint !== undefined || !sweeps;
  const maxReadings = isSweeping ? 1 : MAX_READINGS;
  if (canRead && !isCurrent && readings < maxReadings) return { do: "begin changes" };
  if (!sweeps) return { do: "end" };
  // 4. Read the sweep that is in progress.
  if (isSweeping) return { do: "read sweep", sweep };
  // 5. Settle the sweep. Until all changes made during it are read, an item that only moved could be taken for deleted.
  if (sweep) return isCurrent || isFirst ? { do: "settle sweep", sweep } : { do: "end" };
  // 6. Begin a sweep that is due.
  return sweepsBegun < MAX_SWEEPS && reasonToSweep(known) ? { do: "begin sweep" } : { do: "end" };
}

/** Milliseconds from the start of one sweep to the next regular one. */
const SWEEP_EVERY = DAY;
/** Milliseconds until the next sweep when the last sweep missed more than half of the items. */
const SECOND_LOOK = MINUTE;
/**
 * Each page of a sweep delays the next extra sweep by this many milliseconds. So, over time, extra sweeps read at most
 * eight pages a minute.
 */
const DELAY_PER_PAGE = 7.5 * SECOND;
/** Ten hours of this delay are free: with up to 4,800 pages, one extra sweep never waits. */
const DELAY_CREDIT = 10 * HOUR;

type SweepReason = "first" | "daily" | "missed items" | "doubts" | "count";

/**
 * The reason for a sweep that is due; `undefined` when none is due. `first`: there was no sweep yet. `daily`: the last
 * one began a day ago. The others are reasons for an extra sweep. `missed items`: the last sweep did not find all
 * items. `doubts`: all sweeps so far may have missed the same items. `count`: the account's count differs from the
 * stored items, and two sweeps have not shown the same difference.
 */
export function reasonToSweep({ state, live, now }: SweepFacts): SweepReason | undefined {
  const { lastSweep, total } = state;
  if (!lastSweep) return "first";
  const { begunAt, endedAt, missed, unproven, difference, differenceBefore, extraAt = 0 } = lastSweep;
  if (missed > live / 2 && isWithin(SECOND_LOOK, endedAt, now)) return undefined;
  if (!isWithin(SWEEP_EVERY, begunAt, now)) return "daily";
  if (now < extraAt) return undefined;
  if (missed > 0) return "missed items";
  if (unproven === "all" || unproven.length > 0) return "doubts";
  if (total === undefined || live === total) return undefined;
  return live - total === difference && difference === differenceBefore ? undefined : "count";
}

/** Whether less than `ms` milliseconds have passed since a time. A time in the future comes from a wrong clock. */
function isWithin(ms: number, since: number, now: number): boolean {
  return now >= since && now - since < ms;
}

type EndedSweep = Pick<Sweep<unknown>, "number" | "begunAt" | "page" | "end">;

type Judgement = {
  /** Items to mark as deleted: neither this sweep nor the previous one found them. */
  gone: LiveItem[];
  /** Items that this sweep did not find, but the previous one did. */
  missed: LiveItem[];
  lastSweep: PastSweep;
};

/**
 * Decides after a sweep which items are deleted, and what the next sweep needs to know.
 *
 * @param unseen stored items that this sweep has not found
 * @param wasMissed whether the previous sweep had not found an item either
 */
export function judgeSweep(
  sweep: EndedSweep,
  facts: SweepFacts,
  { unseen, wasMissed }: { unseen: readonly LiveItem[]; wasMissed: (item: LiveItem) => boolean },
): Judgement {
  const { doubts } = sweep.end ?? { doubts: "all" };
  const doubted = doubts === "all" ? undefined : new Set(doubts);
  const isDoubtful = ({ changedAt }: LiveItem) => doubted?.has(changedAt) ?? true;
  const notFound = unseen.filter((item) => !isDoubtful(item));
  const gone = notFound.filter(wasMissed);
  const missed = notFound.filter((item) => !wasMissed(item));
  const hidden = doubted ? unseen.filter(isDoubtful).map(({ changedAt }) => changedAt) : [];
  return { gone, missed, lastSweep: lessonsOf(sweep, facts, { gone, missed, hidden }) };
}

/** What the next sweep needs to know. @param hidden doubted times of stored items that the sweep has not found */
function lessonsOf(
  { number, begunAt, page, end }: EndedSweep,
  { state: { lastSweep: before, total }, live, now }: SweepFacts,
  { gone, missed, hidden }: Pick<Judgement, "gone" | "missed"> & { hidden: readonly number[] },
): PastSweep {
  const found = live - gone.length - missed.length;
  const difference = total !== undefined && end?.total === total ? found - total : undefined;
  const unproven = both(end?.doubts ?? "all", before?.unproven ?? "all");
  // A time in the future comes from a wrong clock.
  const extraAt = before && before.endedAt <= now ? (before.extraAt ?? 0) : 0;
  return {
    ...{ number, begunAt, endedAt: now, missed: missed.length, difference },
    unproven: unproven === "all" ? "all" : [...new Set([...unproven, ...hidden])],
    differenceBefore: before?.difference,
    extraAt: Math.max(now - DELAY_CREDIT, extraAt) + page * DELAY_PER_PAGE,
  };
}

/** The times that both sweeps doubt. */
function both(a: Doubts, b: Doubts): Doubts {
  if (a === "all" || b === "all") return a === "all" ? b : a;
  return a.filter((key) => b.includes(key));
}
