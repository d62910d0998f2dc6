import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../core/errors.ts";
import { doubt, outcome, type Refused, Throttled } from "../failure.ts";
import { readRetryAfter } from "../retry.ts";

/** v2 says no by the status of its answer. */
export function readRefusal({ status, headers, effect, words }: Refused): AppError {
  const says = (otherwise: string) => (words ? `LiveChat says: ${words}` : otherwise);
  if (status === 429) return new Throttled(readRetryAfter(headers));
  if (status === 401 || status === 403) {
    return new UpstreamRefused(
      `LiveChat refuses the credentials of this app.${words ? ` It says: ${words}` : ""}`,
    );
  }
  if (status === 404 || status === 410) return new NotFound(says("LiveChat knows nothing under this name."));
  if (status === 408) {
    return new UpstreamTimeout(`LiveChat gave up waiting.${doubt(effect)}`, outcome(effect));
  }
  if (status === 409) return new Conflict(says("LiveChat's current state does not allow this."));
  if (status >= 400 && status < 500)
    return new InvalidInput(says(`LiveChat refuses the request (${status}).`));
  if (status < 400) return new UpstreamFailed(`LiveChat redirects (${status}), which is not followed.`);
  const asksFor = readRetryAfter(headers);
  const detail = `LiveChat failed (${status}).${words ? ` It says: ${words}` : ""}${doubt(effect)}`;
  return new UpstreamFailed(detail, {
    retryAfter: asksFor ? Math.ceil(asksFor / 1000) : undefined,
    ...outcome(effect),
  });
}
