import * as v from "valibot";
import { published } from "./published.ts";
import { readTime } from "./scalar.ts";

/** The readers of what callers put into a query or a path: always text, strictly read. */

export const filled = v.pipe(v.string(), v.nonEmpty("must not be empty"));

/** A whole number between two bounds, both included. */
export function wholeNumber(least: number, most: number) {
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,16}$/, "must be a whole number"),
    v.transform(Number),
    published({ jsonSchema: { type: "integer" } }),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );
}

export const day = v.pipe(
  v.string(),
  v.isoDate("must be a day, such as 2026-01-31"),
  published({ jsonSchema: { type: "string", format: "date" } }),
);

/** A moment in ISO 8601; a day alone is its first moment in UTC. Comes out in UTC with milliseconds. */
export const instant = v.pipe(
  v.string(),
  v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
    const moment = /\D/.test(dataset.value) ? readTime(dataset.value) : undefined;
    if (moment !== undefined) return moment;
    addIssue({ message: "must be a time in ISO 8601, such as 2026-01-31T08:00:00Z" });
    return NEVER;
  }),
  published({ jsonSchema: { type: "string", format: "date-time" } }),
);

/** LiveChat's own way to say yes or no in a query. */
export const bit = v.picklist(["0", "1"], "must be 0 or 1");

export const yesOrNo = v.pipe(
  v.picklist(["true", "false"], "must be true or false"),
  v.transform((value) => value === "true"),
  published({ jsonSchema: { type: "boolean" } }),
);

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return v.picklist(words, `must be one of ${words.join(", ")}`);
}
