import { DAY, HOUR, MINUTE } from "../core/time.ts";
import type { Doubts } from "../listing/source.ts";
import { hashed } from "../storage/keys.ts";
import type { LiveItem } from "./sink.ts";
import {
  type ListReading,
  MISSED,
  type PastSweep,
  type ReconcileState,
  SEEN,
  type Sweep,
  type SweepNote,
} from "./state.ts";

/** What a run has done so far. */
export type RunProgress = {
  /**
   * Whether the run has read the changes. `unread`: not yet, at the start of a run and at the end of a sweep.
   * `doubtful`: read, but an item may have been missed. `current`: all changes are stored.
   */
  changes: "unread" | "doubtful" | "current";
  /** How many readings of the changes the run has begun since `unread`. */
  readings: number;
  /** Whether the run has read a page. */
  hasRead: boolean;
  sweepsBegun: number;
};

/** What a run knows when it decides on its next step. */
export type RunFacts<Position = unknown> = RunProgress & {
  state: Pick<ReconcileState<Position>, "checkpoint" | "changes" | "sweep" | "lastSweep" | "total">;
  /** How many items are stored and not marked as deleted. */
  live: number;
  now: number;
  /** Number of the run. */
  run: number;
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

/** How many times the changes are read while readings have doubts. */
const MAX_READINGS = 3;
/** The largest number of sweeps that a run begins. */
const MAX_SWEEPS = 4;

/**
 * Decides the next step of a run. The run first reads the changes. When a sweep is due, it then reads the whole list,
 * page by page. At last it reads the changes made during the sweep, so a changed item is not marked as deleted.
 */
export function nextRunStep<Position>(known: RunFacts<Position>): RunStep<Position> {
  const { state, live, changes, readings, hasRead, sweeps, sweepsBegun } = known;
  const { sweep } = state;
  const isSweeping = sweep !== undefined && !sweep.end;
  if (state.changes) return { do: "read changes", reading: state.changes };
  // A first sweep that found as many items as the account counts has missed none, and there are no older items to
  // mark as deleted.
  if (hasRead && sweep?.first && sweep.end?.total === live) return { do: "settle sweep", sweep };
  // Before the first sweep there is no checkpoint to read from.
  const canRead = state.checkpoint !== undefined || !sweeps;
  const again = changes === "doubtful" && readings < MAX_READINGS && !isSweeping;
  if (canRead && (changes === "unread" || again)) return { do: "begin changes" };
  if (!sweeps) return { do: "end" };
  if (isSweeping) return { do: "read sweep", sweep };
  // With doubts about the changes made during the sweep, the run cannot decide yet which items are deleted.
  if (sweep) return changes === "current" || sweep.first ? { do: "settle sweep", sweep } : { do: "end" };
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
export function isSweepDue({
  state: { lastSweep, total },
  live,
  now,
  run,
}: Pick<RunFacts, "state" | "live" | "now" | "run">): boolean {
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

/** Limits the size of the state that every commit writes; 100,000 items make 200 notes. */
const HASHES_PER_NOTE = 512;

/**
 * Marks items as seen by the sweep. When there are enough hashes for a note, they move from the sweep to a note under
 * its name.
 */
export function see<Position>(
  sweep: Sweep<Position>,
  ids: readonly string[],
): { sweep: Sweep<Position>; note: Record<string, SweepNote> } {
  const seen = [...new Set([...sweep.seen, ...ids.map((id) => shortOf(hashed(id)))])];
  if (seen.length < HASHES_PER_NOTE) return { sweep: { ...sweep, seen }, note: {} };
  const note = { [noteName(SEEN, sweep.notes)]: { sweep: sweep.number, seen } };
  return { sweep: { ...sweep, seen: [], notes: sweep.notes + 1 }, note };
}

/** Whether an item is in a set of hashes from notes. */
export function includes(hashes: ReadonlySet<string>, { hash }: LiveItem): boolean {
  return hashes.has(shortOf(hash));
}

type Settlement = {
  /** Items to mark as deleted: neither this sweep nor the previous one found them. */
  gone: LiveItem[];
  lastSweep: PastSweep;
  /** Notes of the items that this sweep missed for the first time, for the next sweep. */
  notes: Record<string, SweepNote>;
};

/**
 * Decides after a sweep which items are deleted, and what the next sweep needs to know.
 *
 * @param unseen stored items that this sweep has not found
 * @param missedBefore hashes of the items that the previous sweep had not found
 */
export function judgeSweep(
  { number, begunAt, end, workedMs }: Pick<Sweep<unknown>, "number" | "begunAt" | "end" | "workedMs">,
  {
    state: { lastSweep: before, total },
    live,
    now,
    run,
    unseen,
    missedBefore,
  }: Pick<RunFacts, "state" | "live" | "now" | "run"> & {
    unseen: readonly LiveItem[];
    missedBefore: ReadonlySet<string>;
  },
): Settlement {
  const doubts = end?.doubts ?? "all";
  const doubted = doubts === "all" ? undefined : new Set(doubts);
  const isDoubtful = ({ changedAt }: LiveItem) => doubted?.has(changedAt) ?? true;
  const notFound = unseen.filter((item) => !isDoubtful(item));
  const gone = notFound.filter((item) => includes(missedBefore, item));
  const missed = notFound.filter((item) => !includes(missedBefore, item));
  const left = live - gone.length;
  const difference = total !== undefined && end?.total === total ? left - missed.length - total : undefined;
  const unproven = both(doubts, before?.unproven ?? "all");
  const hidden = doubted ? unseen.filter(isDoubtful).map(({ changedAt }) => changedAt) : [];
  return {
    gone,
    lastSweep: {
      ...{ number, run, begunAt, endedAt: now, missed: missed.length, difference },
      unproven: unproven === "all" ? "all" : [...new Set([...unproven, ...hidden])],
      isSteady: difference !== undefined && difference === before?.difference,
      aheadMs: workedMs + aheadOf(before, now),
    },
    notes: toNotes(number, missed),
  };
}

function toNotes(sweep: number, items: readonly LiveItem[]): Record<string, SweepNote> {
  const notes: Record<string, SweepNote> = {};
  const hashes = items.map(({ hash }) => shortOf(hash));
  for (let start = 0; start < hashes.length; start += HASHES_PER_NOTE) {
    const missed = hashes.slice(start, start + HASHES_PER_NOTE);
    notes[noteName(MISSED, start / HASHES_PER_NOTE)] = { sweep, missed };
  }
  return notes;
}

/** The times that both sweeps doubt. */
function both(a: Doubts, b: Doubts): Doubts {
  if (a === "all" || b === "all") return a === "all" ? b : a;
  return a.filter((key) => b.includes(key));
}

function noteName(kind: string, index: number): string {
  return kind + String(index).padStart(6, "0");
}

function shortOf(hash: string): string {
  return hash.slice(0, 16);
}
