import { expect, test } from "vitest";
import { nthDueRun, runsADay } from "../../shared/health/schedule.ts";

/** A Thursday, 09:00. */
const now = Date.parse("2026-01-15T09:00:00.000Z");

test.each([
  ["0 */5 * * * *", 1, "2026-01-15T09:05:00.000Z"],
  ["0 */5 * * * *", 3, "2026-01-15T09:15:00.000Z"],
  ["0 0 0 13 * 5", 1, "2026-02-13T00:00:00.000Z"],
  ["0 5/15 * * * *", 2, "2026-01-15T09:20:00.000Z"],
])("the schedule %s has its due run %i at %s", (schedule, nth, expected) => {
  expect(nthDueRun(schedule, now, nth)).toBe(Date.parse(expected));
});

test.each(["0 0 0 30 2 *", "99 * * * * *", "hourly"])("the schedule %s is never due", (schedule) => {
  expect(nthDueRun(schedule, now, 1)).toBeUndefined();
  expect(runsADay(schedule, now)).toBe(0);
});

test.each([
  ["0 */15 * * * *", 96],
  ["0 0 0 1 1 *", 0],
  ["* * * * * *", 3_600],
])("the schedule %s is due %i times a day, counted up to 3600", (schedule, expected) => {
  expect(runsADay(schedule, now)).toBe(expected);
});
