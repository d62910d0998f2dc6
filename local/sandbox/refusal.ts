import * as v from "valibot";

/** The refusal of a call: LiveChat's answer with an error status. */
export class Refusal extends Error {
  readonly status: number;
  readonly problems: string[];
  readonly headers: Record<string, string>;

  constructor(status: number, problems: string | string[], headers: Record<string, string> = {}) {
    const all = [problems].flat();
    super(all.join("; "));
    this.name = "Refusal";
    this.status = status;
    this.problems = all;
    this.headers = headers;
  }
}

/** Makes a function that reads arguments by their schema. Wrong arguments are refused with all problems. */
export function readerOf(refuse: (issues: v.BaseIssue<unknown>[]) => Error) {
  return <const Schema extends v.GenericSchema>(schema: Schema, input: unknown): v.InferOutput<Schema> => {
    const { success, output, issues } = v.safeParse(schema, input);
    if (success) return output;
    throw refuse(issues);
  };
}

/** Reads an argument by its schema. A wrong argument is a 400 with all problems. */
export const read = readerOf((issues) => new Refusal(400, issues.map(describeIssue)));

/** A problem of an argument: its path and its message. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  return [v.getDotPath(issue), issue.message].filter(Boolean).join(": ");
}
