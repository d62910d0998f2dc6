import { expect, test } from "vitest";
import { backOff } from "../../shared/core/back-off.ts";

test("a back-off doubles with each failure up to the longest pause, times the random share", () => {
  const waits = (share: number) =>
    [1, 2, 3, 4, 20, 2_000].map((failures) => backOff(failures, { first: 1_000, longest: 60_000 }, share));
  expect(waits(1)).toEqual([1_000, 2_000, 4_000, 8_000, 60_000, 60_000]);
  expect(waits(0.25)).toEqual([250, 500, 1_000, 2_000, 15_000, 15_000]);
  expect(waits(0)).toEqual([0, 0, 0, 0, 0, 0]);
});
