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
   * Whether the run has read what changed: `current` once that is surely stored, `doubtful` when an item may have been
   * missed. It is `unread` at the beginning of a run and at the end of a sweep.
   */
  changes: "unread" | "doubtful" | "current";
  /** How many such readings the run has begun since they were `unread`. */
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
  /** Whether there are sweeps. */
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

/** So often changes are read while readings have doubts. */
const MAX_READINGS = 3;
/** So many sweeps one run begins at most. */
const MAX_SWEEPS = 4;

/**
 * What a run does next. It reads what changed; then it reads everything, when a sweep is due, a page at a time; then it
 * reads the changes made meanwhile, so no changed item is taken for deleted.
 */
export function nextRunStep<Position>(known: RunFacts<Position>): RunStep<Position> {
  const { state, live, changes, readings, hasRead, sweeps, sweepsBegun } = known;
  const { sweep } = state;
  const isSweeping = sweep !== undefined && !sweep.end;
  if (state.changes) return { do: "read changes", reading: state.changes };
  // A first sweep whose items are as many as the account's has missed nothing, and there is nothing to be taken for gone.
  if (hasRead && sweep?.first && sweep.end?.total === live) return { do: "settle sweep", sweep };
  // Before the first sweep there is no checkpoint to read from.
  const canRead = state.checkpoint !== undefined || !sweeps;
  const again = changes === "doubtful" && readings < MAX_READINGS && !isSweeping;
  if (canRead && (changes === "unread" || again)) return { do: "begin changes" };
  if (!sweeps) return { do: "end" };
  if (isSweeping) return { do: "read sweep", sweep };
  // With doubts about what changed meanwhile, a sweep cannot tell yet what is gone.
  if (sweep) return changes === "current" || sweep.first ? { do: "settle sweep", sweep } : { do: "end" };
  return sweepsBegun < MAX_SWEEPS && isSweepDue(known) ? { do: "begin sweep" } : { do: "end" };
}

/** From the start of a sweep to the next regular one. */
const SWEEP_EVERY = DAY;
/** Milliseconds after which a run believes that most items are gone. */
const SECOND_LOOK = MINUTE;
/** Sweeps for another reason than the time take at most a tenth of the time. */
const SWEEP_SHARE = 1 / 10;
/** Milliseconds of work by which they may be ahead of that: so one of a small account never has to wait. */
const SWEEP_ADVANCE = HOUR;

/**
 * Whether it is time for a sweep: the first one; by the clock; to look again for items that the last one missed, or may
 * have missed; and when the account counts other than what is stored, unless two sweeps could not explain it.
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

/** Whether less than so many milliseconds have passed since a time. A time that has not come yet was kept by a wrong clock. */
function isWithin(ms: number, since: number, now: number): boolean {
  return now >= since && now - since < ms;
}

function aheadOf(sweep: PastSweep | undefined, now: number): number {
  return sweep ? Math.max(0, sweep.aheadMs - SWEEP_SHARE * Math.abs(now - sweep.endedAt)) : 0;
}

/** Bounds what a commit writes again and again; 100,000 items make 200 notes. */
const HASHES_PER_NOTE = 512;

/** The sweep with these items as seen, and a note, under its name, when they are enough for one of their own. */
export function see<Position>(
  sweep: Sweep<Position>,
  ids: readonly string[],
): { sweep: Sweep<Position>; note: Record<string, SweepNote> } {
  const seen = [...new Set([...sweep.seen, ...ids.map((id) => shortOf(hashed(id)))])];
  if (seen.length < HASHES_PER_NOTE) return { sweep: { ...sweep, seen }, note: {} };
  const note = { [noteName(SEEN, sweep.notes)]: { sweep: sweep.number, seen } };
  return { sweep: { ...sweep, seen: [], notes: sweep.notes + 1 }, note };
}

/** Whether an item is among those that a sweep has seen, or missed. */
export function includes(hashes: ReadonlySet<string>, { hash }: LiveItem): boolean {
  return hashes.has(shortOf(hash));
}

type Settlement = {
  /** To be marked as deleted: neither this sweep nor the one before has found them. */
  gone: LiveItem[];
  lastSweep: PastSweep;
  /** The items that only this sweep has not found, for the next one. */
  notes: Record<string, SweepNote>;
};

/**
 * What a sweep proves that has come to its end.
 *
 * @param unseen stored items that it has not seen
 * @param missedBefore hashes of those that the sweep before it had not seen
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

/** What two sweeps both doubt. */
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
