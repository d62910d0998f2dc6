import { expect, test } from "vitest";
import { startStopwatch } from "../../shared/core/time.ts";

test.each([
  ["both clocks go on", 100, 100, 100],
  ["the machine slept, and the steady clock with it", 60_000, 100, 60_000],
  ["the wall clock was put back", -3_600_000, 100, 100],
])("a stopwatch shows the longer time when %s", (_, wallPassed, steadyPassed, expected) => {
  let [wall, steady] = [1_000_000, 5];
  const passed = startStopwatch({ wall: () => wall, steady: () => steady });
  wall += wallPassed;
  steady += steadyPassed;
  expect(passed()).toBe(expected);
});
