import { DAY, HOUR, MINUTE } from "../core/time.ts";
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
  /** Number of the run. */
  run: number;
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
 * page by page. At last it reads the changes made during the sweep, so a changed item is not marked as deleted.
 */
export function nextRunStep<Position>(known: RunFacts<Position>): RunStep<Position> {
  const { state, live, isCurrent, readings, hasRead, sweeps, sweepsBegun } = known;
  const { sweep } = state;
  const isSweeping = sweep !== undefined && !sweep.end;
  if (state.changes) return { do: "read changes", reading: state.changes };
  // A first sweep that found as many items as the account counts has missed none, and there are no older items to
  // mark as deleted.
  if (hasRead && sweep?.first && sweep.end?.total === live) return { do: "settle sweep", sweep };
  // Before the first sweep there is no checkpoint to read from.
  const canRead = state.checkpoint !== undefined || !sweeps;
  const maxReadings = isSweeping ? 1 : MAX_READINGS;
  if (canRead && !isCurrent && readings < maxReadings) return { do: "begin changes" };
  if (!sweeps) return { do: "end" };
  if (isSweeping) return { do: "read sweep", sweep };
  // While a change made during the sweep may be missing, the run cannot decide which items are deleted.
  if (sweep) return isCurrent || sweep.first ? { do: "settle sweep", sweep } : { do: "end" };
  return sweepsBegun < MAX_SWEEPS && isSweepDue(known) ? { do: "begin sweep" } : { do: "end" };
}

/** Milliseconds from the start of one sweep to the next regular one. */
const SWEEP_EVERY = DAY;
/** Milliseconds until the next sweep, in another run, when the last sweep missed more than half of the items. */
const SECOND_LOOK = MINUTE;
/** Additional sweeps may take at most a tenth of the time. */
const SWEEP_SHARE = 1 / 10;
/**
 * Milliseconds by which additional sweeps may exceed that share. So additional sweeps of a small account never wait.
 */
const SWEEP_ADVANCE = HOUR;

/**
 * Whether a sweep is due. Reasons: there was no sweep yet; the last one began a day ago; the last one missed items,
 * or may have missed items; or the account's count differs from the stored items, and two sweeps have not shown the
 * same difference.
 */
export function isSweepDue({ state: { lastSweep, total }, live, now, run }: SweepFacts): boolean {
  if (!lastSweep) return true;
  const { begunAt, endedAt, missed, unproven, difference, isSteady } = lastSweep;
  if (missed > live / 2 && (run === lastSweep.run || isWithin(SECOND_LOOK, endedAt, now))) return false;
  if (!isWithin(SWEEP_EVERY, begunAt, now)) return true;
  const differs =
    total !== undefined && live !== total && !(isSteady && live - missed - total === difference);
  const isProven = unproven !== "all" && unproven.length === 0;
  return (missed > 0 || !isProven || differs) && aheadOf(lastSweep, now) < SWEEP_ADVANCE;
}

/** Whether less than `ms` milliseconds have passed since a time. A time in the future comes from a wrong clock. */
function isWithin(ms: number, since: number, now: number): boolean {
  return now >= since && now - since < ms;
}

function aheadOf(sweep: PastSweep | undefined, now: number): number {
  return sweep ? Math.max(0, sweep.aheadMs - SWEEP_SHARE * Math.abs(now - sweep.endedAt)) : 0;
}

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
  { number, begunAt, end, workedMs }: Pick<Sweep<unknown>, "number" | "begunAt" | "end" | "workedMs">,
  { state: { lastSweep: before, total }, live, now, run }: SweepFacts,
  { unseen, wasMissed }: { unseen: readonly LiveItem[]; wasMissed: (item: LiveItem) => boolean },
): Judgement {
  const doubts = end?.doubts ?? "all";
  const doubted = doubts === "all" ? undefined : new Set(doubts);
  const isDoubtful = ({ changedAt }: LiveItem) => doubted?.has(changedAt) ?? true;
  const notFound = unseen.filter((item) => !isDoubtful(item));
  const gone = notFound.filter(wasMissed);
  const missed = notFound.filter((item) => !wasMissed(item));
  const left = live - gone.length;
  const difference = total !== undefined && end?.total === total ? left - missed.length - total : undefined;
  const unproven = both(doubts, before?.unproven ?? "all");
  const hidden = doubted ? unseen.filter(isDoubtful).map(({ changedAt }) => changedAt) : [];
  return {
    gone,
    missed,
    lastSweep: {
      ...{ number, run, begunAt, endedAt: now, missed: missed.length, difference },
      unproven: unproven === "all" ? "all" : [...new Set([...unproven, ...hidden])],
      isSteady: difference !== undefined && difference === before?.difference,
      aheadMs: workedMs + aheadOf(before, now),
    },
  };
}

/** The times that both sweeps doubt. */
function both(a: Doubts, b: Doubts): Doubts {
  if (a === "all" || b === "all") return a === "all" ? b : a;
  return a.filter((key) => b.includes(key));
}
