import * as v from "valibot";
import type { Problem } from "../core/errors.ts";

/** Turns what valibot found into problems: a path, and a sentence for somebody who has never seen a schema. */
export function toProblems(issues: readonly v.BaseIssue<unknown>[]): Problem[] {
  return issues.map((issue) => {
    const path = v.getDotPath(issue) ?? "";
    return { path, message: `${path || "The body"} ${predicate(issue)}.` };
  });
}

function predicate(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "schema" && issue.received === "undefined") return "is required";
  if (issue.type.startsWith("object")) return "must be a JSON object";
  return issue.message;
}
