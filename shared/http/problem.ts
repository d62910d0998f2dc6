import { AppError, errorKind, type Problem, Unauthorized } from "../core/errors.ts";
import { cut } from "../core/text.ts";
import type { Reply } from "./operation.ts";

/**
 * Makes the answer to an error: `application/problem+json` (RFC 9457). Any error but an {@link AppError} is a defect,
 * whose message appears only in the log.
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
      detail: cut(known.message, MAX_SENTENCE_LENGTH),
      ...(known.problems && { errors: known.problems.map(cutProblem) }),
    }),
  };
}

/** The longest message, in characters: a message may contain text of the caller. */
const MAX_SENTENCE_LENGTH = 600;

function cutProblem({ path, message }: Problem): Problem {
  return { path: cut(path, MAX_SENTENCE_LENGTH), message: cut(message, MAX_SENTENCE_LENGTH) };
}

/** 500: a mistake in this app. */
class Defect extends errorKind("defect", 500, "Internal error") {}
