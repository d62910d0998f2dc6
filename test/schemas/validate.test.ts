import * as v from "valibot";
import { expect, test } from "vitest";
import { MAX_PROBLEMS, validate } from "../../shared/schemas/validate.ts";
import { listOf } from "../../shared/schemas/vocabulary.ts";

const List = v.object({ items: listOf(v.object({ id: v.string("must be text") })) });

test("a list of a million wrong items is read until it has fifty problems", () => {
  let read = 0;
  const wrong = {
    get id() {
      read += 1;
      return 0;
    },
  };
  const result = validate(List, { items: new Array(1_000_000).fill(wrong) });
  expect(read).toBeLessThan(1_000);
  const problems = result.success ? [] : result.problems;
  expect(problems).toHaveLength(MAX_PROBLEMS);
  expect(problems[0]).toEqual({ path: "items.0.id", message: "items.0.id must be text." });
});

test("a valid list with more than fifty issues of unions is read completely", () => {
  const Either = v.array(v.union([v.number(), v.pipe(v.string(), v.transform(Number))]));
  const result = validate(Either, new Array(1_000).fill("7"));
  expect(result).toEqual({ success: true, output: new Array(1_000).fill(7) });
});

test("an invalid item after more than fifty issues of unions is found", () => {
  const Either = v.array(v.union([v.number(), v.pipe(v.string(), v.transform(Number))], "must be a number"));
  const result = validate(Either, [...new Array(1_000).fill("7"), null, null]);
  expect(result).toEqual({
    success: false,
    problems: [{ path: "1000", message: "1000 must be a number." }],
  });
});

test("the path of a problem has at most 100 characters", () => {
  const result = validate(v.objectWithRest({}, v.never("is not known")), { ["x".repeat(10_000)]: 1 });
  expect(result).toMatchObject({ success: false, problems: [{ path: `${"x".repeat(99)}…` }] });
});
