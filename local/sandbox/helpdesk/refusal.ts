import * as v from "valibot";
import { type Answer, json } from "../http.ts";
import { readerOf } from "../refusal.ts";

/** The refusal of a call by HelpDesk. */
export class HelpDeskRefusal extends Error {
  readonly status: number;
  readonly problems: { path: string; message: string }[];
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    {
      problems = [],
      headers = {},
    }: { problems?: { path: string; message: string }[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "HelpDeskRefusal";
    this.status = status;
    this.problems = problems;
    this.headers = headers;
  }
}

/** Makes the answer to a refused call. Its body has one of the two known shapes. */
export function refusedByHelpDesk({ status, message, problems, headers }: HelpDeskRefusal): Answer {
  const body = problems.length > 0 ? { message, errors: problems } : { error: message };
  const answer = json(status, body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** Reads parameters by their schema. Wrong parameters are a 422 with all problems. */
export const readAs = readerOf((issues) => {
  const problems = issues.map((issue) => ({ path: v.getDotPath(issue) ?? "", message: issue.message }));
  return new HelpDeskRefusal(422, "Validation failed", { problems });
});
