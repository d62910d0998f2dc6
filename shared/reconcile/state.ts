import type { Checkpoint, Doubts, ReadingEnd } from "../listing/source.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import type { Watch } from "./watch.ts";

/**
 * The state that a run leaves for the next run. It is stored beside the items, and changes in the same transactions.
 * Times are milliseconds since the epoch.
 */
export type ReconcileState<Position = unknown> = {
  format: typeof STATE_FORMAT;
  watch?: Watch;
  /** Changes up to this time are stored; absent before the first reading. */
  checkpoint?: Checkpoint;
  /** An unfinished reading of the changes since the checkpoint. */
  changes?: ListReading<Position>;
  sweep?: Sweep<Position>;
  /** Absent during the first sweep, which cannot find deleted items: no items were stored before it. */
  lastSweep?: PastSweep;
  /** How many items the account counted when its changes were last read. */
  total?: number;
  /** Facts that the source keeps for its next readings. */
  memory?: unknown;
  /** Ids of stored items that do not fit their schema: the last 100. */
  odd: readonly string[];
  /** Number of the last run. */
  runs: number;
  /** The run in progress, or a run whose process died. */
  run?: RunReport & { number: number };
  /** ISO time of the end of the last run that did not fail. */
  lastSuccess?: string;
};
export const STATE_FORMAT = 2;

/** A reading of the account's list. It may take many runs. */
export type ListReading<Position> = {
  position: Position;
  begunAt: number;
  /** When a page was last read. */
  readAt: number;
  page: number;
  pages: number;
};

/** A reading of the whole list, which finds deleted items. */
export type Sweep<Position> = ListReading<Position> & {
  number: number;
  /** Present once the whole list is read. */
  end?: ReadingEnd;
  /** Hashes of the ids of all items that any reading has found since the sweep began. Hashes in notes are left out. */
  seen: readonly string[];
  /** How many notes with such hashes exist. */
  notes: number;
};

/** The result of the last sweep. */
export type PastSweep = {
  number: number;
  begunAt: number;
  endedAt: number;
  /** How many stored items it did not find. An item that the next sweep does not find either is deleted. */
  missed: number;
  /** Values of `changedAt` that every sweep so far has doubted. Items with these times may be missing from the store. */
  unproven: Doubts;
  /**
   * The number of items that it found minus the account's count; absent when the account changed at the end of the
   * sweep.
   */
  difference?: number;
  /** The difference that the sweep before it found. */
  differenceBefore?: number;
  /** No extra sweep begins before this time; absent in states of earlier builds. */
  extraAt?: number;
};

/** Hashes of items that a sweep has seen or missed. */
export type SweepNote = { sweep: number; seen?: readonly string[]; missed?: readonly string[] };
