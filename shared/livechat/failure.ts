import { NetworkError, SchemaValidationError, TimeoutError } from "ky";
import * as v from "valibot";
import { type AppError, type ErrorDetails, UpstreamFailed, UpstreamTimeout } from "../core/errors.ts";
import type { Effect } from "./call.ts";
import { readWords } from "./words.ts";

/** Codes of connections that failed before the request was sent. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

type Attempted = {
  /** The name of the service. */
  name: string;
  effect: Effect;
  /** True when an answer began to arrive. */
  isAnswered: boolean;
  /** Texts that no error may contain. */
  secrets: readonly string[];
};

/**
 * Makes this app's error for an attempt without a usable answer. ky's own errors are dropped,
 * because they contain the request with its credentials. An error that neither the service nor the connection caused is
 * a defect, and is returned unchanged.
 */
export function toAppError(error: unknown, { name, effect, isAnswered, secrets }: Attempted): unknown {
  if (error instanceof TimeoutError)
    return inDoubt(UpstreamTimeout, `${name} did not answer in time.`, effect);
  if (error instanceof SyntaxError) return inDoubt(UpstreamFailed, `${name}'s answer is not JSON.`, effect);
  if (error instanceof SchemaValidationError) {
    const paths = error.issues.slice(0, 3).map((issue) => v.getDotPath(issue as v.BaseIssue<unknown>));
    const where = paths.filter(Boolean).join(", ");
    const summary = `${name}'s answer does not match its schema${where && ` at ${where}`}.`;
    return inDoubt(UpstreamFailed, summary, effect);
  }
  // A body that breaks off is a bare TypeError: https://fetch.spec.whatwg.org/#concept-body-consume-body
  if (error instanceof NetworkError || (isAnswered && error instanceof TypeError)) {
    const { code, message } = innermost(error);
    const upstream = { code, reason: readWords(message, secrets) };
    return NEVER_SENT.has(code ?? "")
      ? new UpstreamFailed(`${name} cannot be reached.`, { upstream })
      : inDoubt(UpstreamFailed, `The connection to ${name} broke.`, effect, { upstream });
  }
  return error;
}

/** The error of a call that may have taken effect. A call that reads has no effect, so it is never in doubt. */
export function inDoubt(
  Failure: typeof UpstreamFailed | typeof UpstreamTimeout,
  summary: string,
  effect: Effect,
  details?: ErrorDetails,
): AppError {
  return new Failure(summary, { ...details, outcomeUnknown: effect !== "read" });
}

/** The code and message of the socket's error, which fetch wraps once or twice. */
function innermost(error: unknown, depth = 5): { code?: string; message?: string } {
  if (!(error instanceof Error)) return {};
  const inner = depth > 0 ? innermost(error.cause, depth - 1) : {};
  const { code } = error as { code?: unknown };
  const own = typeof code === "string" ? code : undefined;
  return { code: inner.code ?? own, message: inner.message ?? error.message };
}
