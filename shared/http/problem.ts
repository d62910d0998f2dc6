import { cut } from "../core/cut.ts";
import { AppError, type Problem, Unauthorized } from "../core/errors.ts";
import type { Reply } from "./operation.ts";

/**
 * The one place where an error becomes an answer: `application/problem+json` (RFC 9457). What is not an
 * {@link AppError} is a defect; its words are for the log, never for the caller.
 */
export function toProblemResponse(error: unknown): Reply {
  const known = error instanceof AppError ? error : new Defect("Something went wrong on our side.");
  return {
    status: known.status,
    headers: {
      "content-type": "application/problem+json",
      ...(known.retryAfter !== undefined && {
        "retry-after": String(Math.max(0, Math.ceil(known.retryAfter))),
      }),
      ...(known instanceof Unauthorized && { "www-authenticate": known.challenge }),
    },
    body: JSON.stringify({
      type: `urn:livechat-functions:problem:${known.kind}`,
      title: known.title,
      status: known.status,
      detail: cut(known.message, LONGEST_SENTENCE),
      ...(known.problems && { errors: known.problems.map(cutProblem) }),
    }),
  };
}

/** A sentence may hold text of the caller's, of any length. In characters. */
const LONGEST_SENTENCE = 600;

function cutProblem({ path, message }: Problem): Problem {
  return { path: cut(path, LONGEST_SENTENCE), message: cut(message, LONGEST_SENTENCE) };
}

/** 500: a mistake in this app. */
class Defect extends AppError {
  readonly kind = "defect";
  readonly status = 500;
  readonly title = "Internal error";
}
