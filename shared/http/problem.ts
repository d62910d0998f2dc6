import type { HttpResponseInit } from "@azure/functions";
import { AppError } from "../errors.ts";

/**
 * The one place where an error becomes an answer: `application/problem+json` (RFC 9457). What is not an
 * {@link AppError} is a defect; its words are for the log, never for the caller.
 */
export function toProblemResponse(error: unknown): HttpResponseInit {
  const known = error instanceof AppError ? error : new Defect("Something went wrong on our side.");
  return {
    status: known.status,
    headers: {
      "content-type": "application/problem+json",
      ...(known.retryAfter !== undefined && {
        "retry-after": String(Math.max(0, Math.ceil(known.retryAfter))),
      }),
    },
    body: JSON.stringify({
      type: problemType(known),
      title: known.title,
      status: known.status,
      detail: known.message,
      ...(known.problems && { errors: known.problems }),
    }),
  };
}

/** 500: a mistake in this app. */
class Defect extends AppError {
  readonly status = 500;
  readonly title = "Internal error";
}

/** A stable name that a program can tell the kinds of problem apart by, made of the error's class: `InvalidInput` → `…:invalid-input`. */
function problemType(error: AppError): string {
  const kind = error.name.replace(/[a-z](?=[A-Z])/g, "$&-").toLowerCase();
  return `urn:livechat-functions:problem:${kind}`;
}
