import { cut } from "../core/cut.ts";
import { AppError, errorKind, type Problem, Unauthorized } from "../core/errors.ts";
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
      detail: cut(known.message, LONGEST_SENTENCE),
      ...(known.problems && { errors: known.problems.map(cutProblem) }),
    }),
  };
}

/** Characters of one message: it may contain text of the caller, so its length is limited. */
const LONGEST_SENTENCE = 600;

function cutProblem({ path, message }: Problem): Problem {
  return { path: cut(path, LONGEST_SENTENCE), message: cut(message, LONGEST_SENTENCE) };
}

/** 500: a mistake in this app. */
class Defect extends errorKind("defect", 500, "Internal error") {}
