import { Cron } from "croner";
import { DAY } from "../core/time.ts";

/**
 * The time of the `nth` due run after a time. Both are milliseconds since the epoch. `undefined` when the schedule is
 * invalid or has fewer runs.
 *
 * @param schedule NCRONTAB, six fields, in UTC
 */
export function nthDueRun(schedule: string, after: number, nth: number): number | undefined {
  return toCron(schedule)
    ?.nextRuns(nth, new Date(after))
    .at(nth - 1)
    ?.valueOf();
}

/** Counting stops at this number of runs: one a second for an hour. */
const MOST_RUNS_COUNTED = 3_600;

/** Counts the due runs of a schedule in the 24 hours after `now` (milliseconds since the epoch). */
export function runsADay(schedule: string, now: number): number {
  const cron = toCron(schedule);
  const end = new Date(now + DAY);
  let runs = 0;
  let due = cron?.nextRun(new Date(now));
  for (; due && due <= end && runs < MOST_RUNS_COUNTED; due = cron?.nextRun(due)) runs++;
  return runs;
}

function toCron(schedule: string): Cron | undefined {
  // NCRONTAB requires that both the day of the month and the day of the week match, and it allows `5/15`.
  const ncrontab = { mode: "6-part", domAndDow: true, sloppyRanges: true } as const;
  try {
    return new Cron(schedule, { ...ncrontab, timezone: "UTC", paused: true });
  } catch {
    return undefined;
  }
}
