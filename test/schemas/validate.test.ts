import * as v from "valibot";
import { expect, test } from "vitest";
import { MAX_PROBLEMS, validate } from "../../shared/schemas/validate.ts";
import { listOf } from "../../shared/schemas/vocabulary.ts";

const List = v.object({ items: listOf(v.object({ id: v.string("must be text") })) });

test("a million items that do not fit make fifty problems, at once", () => {
  const began = performance.now();
  const result = validate(List, { items: new Array(1_000_000).fill(0) });
  expect(performance.now() - began).toBeLessThan(500);
  expect(result.success).toBe(false);
  const problems = result.success ? [] : result.problems;
  expect(problems).toHaveLength(MAX_PROBLEMS);
  expect(problems[0]).toEqual({ path: "items.0", message: "items.0 must be a JSON object." });
});

test("a valid value is read whole, although its unions make many issues", () => {
  const Either = v.array(v.union([v.number(), v.pipe(v.string(), v.transform(Number))]));
  const result = validate(Either, new Array(1_000).fill("7"));
  expect(result).toEqual({ success: true, output: new Array(1_000).fill(7) });
});

test("a value that stops fitting after those is still found wrong", () => {
  const Either = v.array(v.union([v.number(), v.pipe(v.string(), v.transform(Number))], "must be a number"));
  const result = validate(Either, [...new Array(1_000).fill("7"), null, null]);
  expect(result).toEqual({
    success: false,
    problems: [{ path: "1000", message: "1000 must be a number." }],
  });
});

test("a name that the caller made up is not repeated at length", () => {
  const result = validate(v.objectWithRest({}, v.never("is not known")), { ["x".repeat(10_000)]: 1 });
  expect(result).toMatchObject({ success: false, problems: [{ path: `${"x".repeat(99)}…` }] });
});
