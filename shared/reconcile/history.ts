import { toIso } from "../core/time.ts";
import type { Progress, RunHistory, RunRecord } from "../schemas/reconcile.ts";
import { RUN } from "./journal.ts";
import type { Sink } from "./sink.ts";
import type { ListReading, ReconcileState } from "./state.ts";

/** The run records of a sink. */
export type RunRecords = Pick<Sink<unknown>, "state" | "notes">;

/**
 * The last runs, newest first, and the progress of an unfinished reading. A run that is in progress or has just died is
 * left out.
 *
 * @param limit 1 to 100; the last 100 runs are kept
 */
export async function readHistory(sink: RunRecords, { limit = 20 } = {}): Promise<RunHistory> {
  const state = await sink.state();
  const runs: RunRecord[] = [];
  for await (const run of sink.notes<RunRecord>(RUN)) runs.push(run);
  runs.sort((a, b) => b.number - a.number);
  return { runs: runs.slice(0, limit), progress: progressOf(state), odd: [...(state?.odd ?? [])] };
}

/** ISO time of the end of the last run that did not fail, for the health checks. One point read. */
export async function lastSuccess(sink: RunRecords): Promise<string | undefined> {
  return (await sink.state())?.lastSuccess;
}

function progressOf({ changes, sweep, lastSweep }: Partial<ReconcileState> = {}): Progress | undefined {
  const reading: ListReading<unknown> | undefined = sweep ?? changes;
  if (!reading) return undefined;
  const { begunAt, readAt, page, pages } = reading;
  const progress = { startedAt: toIso(begunAt), page, pages };
  if (!sweep) return { mode: "incremental", ...progress };
  const expectedEnd = page === 0 ? undefined : toIso(begunAt + ((readAt - begunAt) / page) * pages);
  return { mode: lastSweep ? "sweep" : "first", ...progress, expectedEnd };
}
