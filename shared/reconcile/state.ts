import type { Checkpoint, Doubts, ReadingEnd } from "../listing/source.ts";
import type { RunReport } from "../schemas/reconcile.ts";
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

/** Hashes of items that a sweep has seen, or missed, kept under a name that begins with {@link SEEN} or {@link MISSED}. */
export type SweepNote = { sweep: number; seen?: readonly string[]; missed?: readonly string[] };
export const SEEN = "seen:";
export const MISSED = "missed:";
