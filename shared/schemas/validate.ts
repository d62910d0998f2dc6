import * as v from "valibot";
import type { Problem } from "../core/errors.ts";
import { cut } from "../core/text.ts";

/** The maximum number of problems that are found in one value. */
export const MAX_PROBLEMS = 50;
const MAX_PATH = 100;

type Validated<Output> = { success: true; output: Output } | { success: false; problems: Problem[] };

/**
 * Reads a value by its schema, and returns all problems at once, up to {@link MAX_PROBLEMS}. `v.safeParse` has no such
 * limit: for 15 MiB of `[0,0,…]` its issues take gigabytes.
 */
export function validate<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): Validated<v.InferOutput<Schema>> {
  const { typed, value: output, issues } = schema["~run"]({ value }, stopAfter(MAX_PROBLEMS));
  if (typed && !issues) return { success: true, output };
  return { success: false, problems: (issues ?? []).slice(0, MAX_PROBLEMS).map(toProblem) };
}

/**
 * Makes a configuration that stops validation after `most` issues. It counts them by the reads of `lang`: valibot 1.5.0
 * reads `lang` once for each issue (in `_addIssue`), and then `abortEarly` before the next item. If a later version does
 * not, the test "a list of a million wrong items …" in test/schemas/validate.test.ts fails.
 */
function stopAfter(most: number): v.Config<v.BaseIssue<unknown>> {
  let made = 0;
  return {
    get lang() {
      made += 1;
      return undefined;
    },
    get abortEarly() {
      return made >= most;
    },
  };
}

/** Describes an issue as a sentence for the caller. */
function toProblem(issue: v.BaseIssue<unknown>): Problem {
  const path = cut(v.getDotPath(issue) ?? "", MAX_PATH);
  return { path, message: `${path || "The body"} ${predicate(issue)}.` };
}

function predicate(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "schema" && issue.received === "undefined") return "is required";
  if (issue.type.endsWith("object")) return "must be a JSON object";
  return issue.message;
}
