import { DAY, HOUR, MINUTE } from "../core/time.ts";
import type { Checkpoint, Doubts, ReadingEnd } from "../listing/source.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import { hashed } from "../storage/keys.ts";
import type { LiveItem } from "./sink.ts";
import type { Watch } from "./watch.ts";

/**
 * A run's state for the next one, stored beside the items and changed in the same transactions. Times are milliseconds
 * since the epoch.
 */
export type ReconcileState<Position = unknown> = {
  format: typeof STATE_FORMAT;
  watch?: Watch;
  /** Up to where changes are stored; absent while nothing has been read. */
  checkpoint?: Checkpoint;
  /** The reading of what changed since the checkpoint that the last run left unfinished. */
  changes?: ListReading<Position>;
  sweep?: Sweep<Position>;
  lastSweep?: PastSweep;
  /** How many items the account counted when its changes were last read. */
  total?: number;
  /** What the source has learned. */
  memory?: unknown;
  /** Ids of stored items that do not fit their schema, as many as are kept. */
  odd: readonly string[];
  /** Number of the last run. */
  runs: number;
  /** A run that is going on, or died. */
  run?: RunReport & { number: number };
  /** ISO time of the end of the last run that did not fail. */
  lastSuccess?: string;
};
export const STATE_FORMAT = 2;

/** A reading of the account's list. It can go on over many runs. */
export type ListReading<Position> = {
  position: Position;
  begunAt: number;
  /** When a page was last read. */
  readAt: number;
  page: number;
  pages: number;
};

/** A reading of the whole list, for what is gone. */
export type Sweep<Position> = ListReading<Position> & {
  number: number;
  /** Whether it is the first one: before it nothing was stored that could be gone. */
  first: boolean;
  /** Present once everything is read. */
  end?: ReadingEnd;
  /** Milliseconds that runs have spent on it. */
  workedMs: number;
  /** Every item that any reading has shown since the sweep began and that is in no note: hashes of ids. */
  seen: readonly string[];
  /** How many notes of such hashes there are. */
  notes: number;
};

/** What is remembered of the last sweep. */
export type PastSweep = {
  number: number;
  /** Number of the run in which it ended. */
  run: number;
  begunAt: number;
  endedAt: number;
  /** How many stored items it did not find. Those that the next sweep does not find either are gone. */
  missed: number;
  /** Of which times an item may not have been seen by any sweep so far. */
  unproven: Doubts;
  /** By how many the items that it found outnumber the account's count; absent when the account changed at its end. */
  difference?: number;
  /** Whether the sweep before left the same difference: then no further sweep will explain it. */
  isSteady: boolean;
  /** Milliseconds of work that this and the sweeps before it are in advance of their share of the time. */
  aheadMs: number;
};

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

/** Hashes of items that a sweep has seen, or missed, kept under a name that begins with {@link SEEN} or {@link MISSED}. */
export type SweepNote = { sweep: number; seen?: readonly string[]; missed?: readonly string[] };
export const SEEN = "seen:";
export const MISSED = "missed:";
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
