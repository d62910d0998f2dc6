import * as v from "valibot";
import { type Answer, json } from "../http.ts";

/** HelpDesk's answer to a call that it refuses. */
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

/** Both shapes of a body that were seen. */
export function refusedByHelpDesk({ status, message, problems, headers }: HelpDeskRefusal): Answer {
  const body = problems.length > 0 ? { message, errors: problems } : { error: message };
  const answer = json(status, body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

export function readAs<const Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const { success, output, issues } = v.safeParse(schema, input);
  if (success) return output;
  const problems = issues.map((issue) => ({ path: v.getDotPath(issue) ?? "", message: issue.message }));
  throw new HelpDeskRefusal(422, "Validation failed", { problems });
}
