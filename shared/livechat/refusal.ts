import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../core/errors.ts";
import { doubt, outcome, type Refused, Throttled } from "./failure.ts";
import { retryAfterOf } from "./retry.ts";

/** Understands an answer by its status: v2, and servers in between, give no more. */
export function refusalByStatus({ status, headers, effect, words, body }: Refused): AppError {
  const upstream = { status, words, code: typeOf(body) };
  if (status === 429) return new Throttled(retryAfterOf(headers));
  if (status === 401 || status === 403) {
    return new UpstreamRefused("LiveChat refuses the credentials of this app.", { upstream });
  }
  if (status === 404 || status === 410)
    return new NotFound("LiveChat does not have it: the id or login is unknown.", { upstream });
  if (status === 408) {
    return new UpstreamTimeout(`LiveChat gave up waiting.${doubt(effect)}`, { upstream, ...outcome(effect) });
  }
  if (status === 409) return new Conflict("LiveChat's current state does not allow this.", { upstream });
  if (status >= 400 && status < 500)
    return new InvalidInput(`LiveChat refuses the request (${status}).`, { upstream });
  if (status < 400)
    return new UpstreamFailed(`LiveChat redirects (${status}), which is not followed.`, { upstream });
  const asksFor = retryAfterOf(headers);
  return new UpstreamFailed(`LiveChat failed (${status}).${doubt(effect)}`, {
    upstream,
    retryAfter: asksFor ? Math.ceil(asksFor / 1000) : undefined,
    ...outcome(effect),
  });
}

/** Newer APIs of LiveChat answer `{error: {type}}`, and v2 may do so at its end: `unsupported_version`. */
function typeOf(body: unknown): string | undefined {
  const { error } = (body ?? {}) as { error?: { type?: unknown } };
  return typeof error?.type === "string" ? error.type : undefined;
}
