import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../core/errors.ts";
import { SECOND } from "../core/time.ts";
import { objectOf } from "../core/values.ts";
import { Throttled } from "./after-429.ts";
import type { Effect, Needs } from "./call.ts";
import { inDoubt } from "./failure.ts";

/** An unsuccessful answer, and its call. */
export type Refusal = {
  /** The name of the service. */
  name: string;
  status: number;
  /** The body, read as JSON if it is JSON; absent when it did not arrive whole. */
  body?: unknown;
  /** The message for people in the body, without secrets. */
  words?: string;
  /** `Retry-After` in milliseconds, at most `LONGEST_PAUSE`. */
  retryAfter?: number;
  effect: Effect;
  needs?: Needs;
};

/** Turns a refusal into one of this app's errors. Each API refuses in its own way. */
export type ReadRefusal = (refusal: Refusal) => AppError;

export const unknownTo = (name: string) => `${name} does not have it: the id or login is unknown.`;
export const notNow = (name: string) => `${name}'s current state does not allow this.`;

/** Reads a refusal by its status. Answers of v2 and of proxies have no other code. */
export function refusalByStatus({ name, status, body, words, retryAfter, effect }: Refusal): AppError {
  const upstream = { status, words, code: typeOf(body) };
  if (status === 429) return new Throttled(name, retryAfter);
  if (status === 401 || status === 403) {
    return new UpstreamRefused(`${name} refuses the credentials of this app.`, { upstream });
  }
  if (status === 404 || status === 410) return new NotFound(unknownTo(name), { upstream });
  if (status === 408) return inDoubt(UpstreamTimeout, `${name} gave up waiting.`, effect, { upstream });
  if (status === 409) return new Conflict(notNow(name), { upstream });
  if (status >= 400 && status < 500)
    return new InvalidInput(`${name} refuses the request (${status}).`, { upstream });
  if (status < 400)
    return new UpstreamFailed(`${name} redirects (${status}), which is not followed.`, { upstream });
  const seconds = retryAfter ? Math.ceil(retryAfter / SECOND) : undefined;
  return inDoubt(UpstreamFailed, `${name} failed (${status}).`, effect, { upstream, retryAfter: seconds });
}

/** Newer APIs of LiveChat answer `{error: {type}}`. v2 may do so when its end has come: `unsupported_version`. */
function typeOf(body: unknown): string | undefined {
  const { type } = objectOf(objectOf(body).error);
  return typeof type === "string" ? type : undefined;
}
