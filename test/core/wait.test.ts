import { expect, test } from "vitest";
import { backOff, readRetryAfter, within } from "../../shared/core/wait.ts";

test("a back-off doubles with each failure up to its limit, times the random share", () => {
  const waits = (share: number) =>
    [1, 2, 3, 4, 20, 2_000].map((failures) => backOff(failures, { first: 1_000, longest: 60_000 }, share));
  expect(waits(1)).toEqual([1_000, 2_000, 4_000, 8_000, 60_000, 60_000]);
  expect(waits(0.25)).toEqual([250, 500, 1_000, 2_000, 15_000, 15_000]);
  expect(waits(0)).toEqual([0, 0, 0, 0, 0, 0]);
});

const DATE = "Thu, 15 Jan 2026 12:00:00 GMT";

test.each([
  ["30", undefined, 30_000],
  [" 0.5 ", undefined, 500],
  ["Thu, 15 Jan 2026 12:00:20 GMT", DATE, 20_000],
  ["2026-01-15T12:00:20Z", DATE, 20_000],
  ["Thu, 15 Jan 2026 11:00:00 GMT", DATE, 0],
  ["-1", DATE, undefined],
  ["soon", DATE, undefined],
  ["", DATE, undefined],
  [null, DATE, undefined],
])("Retry-After %j with Date %j is %s milliseconds", (header, date, expected) => {
  expect(readRetryAfter(header, date)).toBe(expected);
});

test("within gives the result or error of work that ends in time", async () => {
  expect(await within(1_000, Promise.resolve("done"), "late")).toBe("done");
  await expect(within(1_000, Promise.reject(new Error("no")), "late")).rejects.toThrow("no");
});

test("within gives the value for late work when the time limit is over", async () => {
  expect(await within(1, new Promise(() => {}), "late")).toBe("late");
});
