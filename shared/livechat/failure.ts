import { HTTPError, NetworkError, SchemaValidationError, TimeoutError } from "ky";
import {
  type AppError,
  type ErrorDetails,
  TooManyRequests,
  UpstreamFailed,
  UpstreamTimeout,
} from "../core/errors.ts";
import type { Effect } from "./effect.ts";
import { readWords } from "./words.ts";

/** What errors call the service that they are about, unless its connection has another name. */
export const LIVECHAT = "LiveChat";

/** LiveChat's own 429, as opposed to our limit. `asksFor` is its `Retry-After` in milliseconds, if it gave one. */
export class Throttled extends TooManyRequests {
  readonly asksFor?: number;

  constructor(name: string, asksFor?: number) {
    super(`${name}'s limit is used up.`);
    this.asksFor = asksFor;
  }
}

/** Failures to connect: the request never left. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

export type Needs = { action: string; scopes: readonly string[] };

type Attempted = Pick<Refused, "name" | "effect" | "needs"> & {
  /** The answer, as far as it came. */
  response?: Response;
  /** Texts that no error may repeat. */
  secrets: readonly string[];
  refusal: ReadRefusal;
};

/** An answer that is not a success. */
export type Refused = {
  /** What the service is called. */
  name: string;
  status: number;
  headers: Headers;
  /** Its body, read as JSON where it is JSON. */
  body?: unknown;
  effect: Effect;
  /** The words for people in the body, without secrets. */
  words?: string;
  needs?: Needs;
};

/** Turns a refusal into one of this app's errors: each API has its own refusals. */
export type ReadRefusal = (refused: Refused) => AppError;

/**
 * Turns the failure of an attempt into one of this app's errors. ky's own errors hold the request with its credentials, so
 * they go no further. An error that neither LiveChat nor the connection caused is a defect, and is returned unchanged.
 */
export function toAppError(error: unknown, attempted: Attempted): unknown {
  const { name, response, effect, secrets, refusal, needs } = attempted;
  // The status stands, even when the body that explains it never came.
  if (response && !response.ok) {
    const body = error instanceof HTTPError ? error.data : undefined;
    const { status, headers } = response;
    return refusal({ name, status, headers, body, effect, words: readWords(body, secrets), needs });
  }
  if (error instanceof TimeoutError)
    return inDoubt(UpstreamTimeout, `${name} did not answer in time.`, effect);
  if (error instanceof SyntaxError) return inDoubt(UpstreamFailed, `${name}'s answer is not JSON.`, effect);
  if (error instanceof SchemaValidationError) {
    const paths = error.issues.slice(0, 3).map(({ path = [] }) => path.map(nameOfKey).join("."));
    const where = paths.filter(Boolean).join(", ");
    const summary = `${name}'s answer does not have the shape it should have${where && ` at ${where}`}.`;
    return inDoubt(UpstreamFailed, summary, effect);
  }
  // A body that breaks off is a bare TypeError: https://fetch.spec.whatwg.org/#concept-body-consume-body
  if (error instanceof NetworkError || (response && error instanceof TypeError)) {
    const { code, message } = innermost(error);
    const upstream = { code, reason: readWords(message, secrets) };
    return NEVER_SENT.has(code ?? "")
      ? new UpstreamFailed(`${name} cannot be reached.`, { upstream })
      : inDoubt(UpstreamFailed, `The connection to ${name} broke.`, effect, { upstream });
  }
  return error;
}

/** The error of a failed call which, unless it was to read, may have taken effect all the same. */
export function inDoubt(
  Failure: typeof UpstreamFailed | typeof UpstreamTimeout,
  summary: string,
  effect: Effect,
  details?: ErrorDetails,
): AppError {
  return new Failure(summary + doubt(effect), { ...details, outcomeUnknown: effect !== "read" });
}

/** The last sentence of such an error's message. */
export function doubt(effect: Effect): string {
  return effect === "read" ? "" : " Whether it did what was asked is not known.";
}

function nameOfKey(item: PropertyKey | { key: PropertyKey }): string {
  return String(typeof item === "object" ? item.key : item);
}

/** fetch wraps the socket's error once or twice. */
function innermost(error: unknown, depth = 5): { code?: string; message?: string } {
  if (!(error instanceof Error)) return {};
  const inner = depth > 0 ? innermost(error.cause, depth - 1) : {};
  return { code: inner.code ?? codeOf(error), message: inner.message ?? error.message };
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
