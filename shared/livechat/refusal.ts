import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../core/errors.ts";
import { inDoubt, type Refused, Throttled } from "./failure.ts";
import { retryAfterOf } from "./retry.ts";

export const unknownTo = (name: string) => `${name} does not have it: the id or login is unknown.`;
export const notNow = (name: string) => `${name}'s current state does not allow this.`;

/** Understands an answer by its status: v2, and servers in between, give no more. */
export function refusalByStatus({ name, status, headers, effect, words, body }: Refused): AppError {
  const upstream = { status, words, code: typeOf(body) };
  const wait = retryAfterOf(headers);
  if (status === 429) return new Throttled(name, wait);
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
  const retryAfter = wait ? Math.ceil(wait / 1000) : undefined;
  return inDoubt(UpstreamFailed, `${name} failed (${status}).`, effect, { upstream, retryAfter });
}

/** Newer APIs of LiveChat answer `{error: {type}}`, and v2 may do so at its end: `unsupported_version`. */
function typeOf(body: unknown): string | undefined {
  const { error } = (body ?? {}) as { error?: { type?: unknown } };
  return typeof error?.type === "string" ? error.type : undefined;
}
