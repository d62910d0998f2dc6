import * as v from "valibot";
import { cut } from "../core/cut.ts";
import type { Problem } from "../core/errors.ts";

/** The most problems that are searched for in one value and answered. */
export const MAX_PROBLEMS = 50;
const MAX_PATH = 100;

type Validated<Output> = { success: true; output: Output } | { success: false; problems: Problem[] };

/**
 * Reads a value by its schema, and names all problems at once, up to {@link MAX_PROBLEMS}. `v.safeParse` makes an issue of
 * every item that does not fit: some gigabytes for 15 MiB of `[0,0,…]`. This stops looking when it has made enough.
 */
export function validate<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): Validated<v.InferOutput<Schema>> {
  const { typed, value: output, issues } = schema["~run"]({ value }, stopAfter(MAX_PROBLEMS));
  if (typed && !issues) return { success: true, output };
  return { success: false, problems: (issues ?? []).slice(0, MAX_PROBLEMS).map(toProblem) };
}

/** valibot reads `lang` once for each issue that it makes, and `abortEarly` before it looks for the next. */
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

/** A path, and a sentence that needs no knowledge of valibot. */
function toProblem(issue: v.BaseIssue<unknown>): Problem {
  const path = cut(v.getDotPath(issue) ?? "", MAX_PATH);
  return { path, message: `${path || "The body"} ${predicate(issue)}.` };
}

function predicate(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "schema" && issue.received === "undefined") return "is required";
  if (issue.type.endsWith("object")) return "must be a JSON object";
  return issue.message;
}
