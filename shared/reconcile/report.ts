/** `first` walks an account that was not walked before, `incremental` reads what changed, `sweep` also looks for what is gone. */
export type Mode = "first" | "incremental" | "sweep";

/**
 * How a run ended: with nothing left to do, at its time limit, at LiveChat's rate limit, or in an error. The next run goes
 * on where it stood in every case. `died`: the process ended in the middle of it, as the next run found.
 */
export type Outcome = "completed" | "stopped" | "throttled" | "failed" | "died";

/** What a run did: the answer of `POST /reconcile/tickets`, and with its number the record that it leaves. */
export type Report = {
  mode: Mode;
  outcome: Outcome;
  /** Why it failed, for whoever runs this app. */
  reason?: string;
  /** ISO time. */
  startedAt: string;
  durationMs: number;
  /** Of `durationMs`, what was spent waiting for the rate limit. */
  throttledMs: number;
  /** Calls made to LiveChat. */
  calls: number;
  /** Pages that were read and whose tickets are stored; fewer than `calls` when an answer was no use. */
  pages: number;
  added: number;
  changed: number;
  unchanged: number;
  /** Tickets whose `ticket_created` was missing in the event log and is there now. */
  recovered: number;
  deleted: number;
  restored: number;
  /** ISO times: everything that was modified before is stored. Absent while nothing has been read. */
  checkpoint: { before?: string; after?: string };
};

export type Run = Report & { number: number };

/** How far a walk is that was not finished by the last run. */
export type Progress = {
  mode: Mode;
  startedAt: string;
  /** Pages read of `pages`, which is how many the account's list has; an incremental walk needs but some of them. */
  page: number;
  pages: number;
  /** ISO time at which it ends if it goes on at its pace so far. Absent for an incremental walk. */
  expectedEnd?: string;
};

/** A time as reports tell it. */
export function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
