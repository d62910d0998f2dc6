import type { Run } from "./report.ts";
import type { PastSweep, Sweep } from "./sweep.ts";
import type { Walk } from "./walk.ts";
import type { Watch } from "./watch.ts";

/**
 * What a run leaves to the next, kept beside the tickets and changed in the same transactions. Times are milliseconds
 * since the epoch.
 */
export type State = {
  watch?: Watch;
  /** All that was modified before is stored, as far as the sweeps have come. */
  checkpoint?: Checkpoint;
  /** The walk of what changed since the checkpoint, when the last run did not come to its end. */
  catchUp?: { walk: Walk; begunAt: number };
  sweep?: Sweep;
  lastSweep?: PastSweep;
  /** How many tickets the account counted when what changed was last read. */
  total?: number;
  /** Whether all tickets are surely stored, each as it was then: what a sweep shows, and a doubtful reading undoes. */
  sure?: boolean;
  /** By how many the stored tickets outnumbered the account's after a sweep while which nothing changed. */
  explained?: number;
  /** The run that would have marked most of the tickets as deleted and left it to another run to see it too. */
  heldIn?: number;
  /** Number of the last run. */
  runs: number;
  /** A run that is going on, or died. */
  run?: Run;
  /** ISO time of the end of the last run that did not fail. */
  lastSuccess?: string;
};

export type Checkpoint = {
  key: number;
  /** Whether no ticket can get this very time as its last modification any more, and all that have it were read. */
  closed: boolean;
};
