import type { RunReport } from "../schemas/reconcile.ts";
import { metrics } from "./metrics.ts";

/**
 * Counts a run of the reconciliation, and records the age of its checkpoint.
 *
 * @param now milliseconds since the epoch
 */
export function observeRun(report: RunReport, now: number): void {
  const { mode, outcome, recovered, checkpoint } = report;
  const { runs, recovered: found, reconcileLag } = metrics;
  runs.add(1, { mode, outcome });
  found.add(recovered);
  if (checkpoint.after !== undefined) reconcileLag.record(ageOf(checkpoint.after, now));
}

/**
 * Records the age of the last successful reconciliation.
 *
 * @param lastSuccess ISO 8601: the end of the last run that did not fail
 */
export function observeAge(lastSuccess: string | undefined, now: number): void {
  if (lastSuccess !== undefined) metrics.reconcileAge.record(ageOf(lastSuccess, now));
}

function ageOf(moment: string, now: number): number {
  return Math.max(0, now - Date.parse(moment)) / 1000;
}
