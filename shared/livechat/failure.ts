import { HTTPError, NetworkError, SchemaValidationError, TimeoutError } from "ky";
import {
  type AppError,
  Conflict,
  InvalidInput,
  NotFound,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../core/errors.ts";
import { readRetryAfter } from "./retry.ts";
import { readWords } from "./words.ts";

/** LiveChat's own 429, as opposed to our limit. `asksFor` is its `Retry-After` in milliseconds, if it gave one. */
export class Throttled extends TooManyRequests {
  readonly asksFor?: number;

  constructor(asksFor?: number) {
    super("LiveChat's limit is used up.");
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

export type Attempted = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** What came back, as far as it came. */
  response?: Response;
  /** What must not be repeated to anybody. */
  secrets: readonly string[];
};

/**
 * Puts the failure of an attempt into this app's words. ky's own errors go no further: they hold the request with its
 * credentials. What is no failure of LiveChat's, or of the way to it, is a defect and comes back as it is.
 */
export function understand(error: unknown, attempted: Attempted): unknown {
  const { response } = attempted;
  // The status stands, even when the body that explains it never came.
  if (response && !response.ok) return refused(response, error, attempted);
  if (error instanceof TimeoutError) {
    return new UpstreamTimeout(`LiveChat did not answer in time.${doubt(attempted)}`, outcome(attempted));
  }
  if (error instanceof SyntaxError) {
    return new UpstreamFailed(`LiveChat's answer is not JSON.${doubt(attempted)}`, outcome(attempted));
  }
  if (error instanceof SchemaValidationError) {
    const paths = error.issues.slice(0, 3).map(({ path = [] }) => path.map(keyOf).join("."));
    const where = paths.filter(Boolean).join(", ");
    const detail = `LiveChat's answer does not have the shape it should have${where && ` at ${where}`}.`;
    return new UpstreamFailed(`${detail}${doubt(attempted)}`, outcome(attempted));
  }
  // A body that breaks off is a bare TypeError: https://fetch.spec.whatwg.org/#concept-body-consume-body
  if (error instanceof NetworkError || (response && error instanceof TypeError)) {
    const { code, message } = innermost(error);
    const cause = new Error([code, readWords(message, attempted.secrets)].filter(Boolean).join(": "));
    return NEVER_SENT.has(code ?? "")
      ? new UpstreamFailed("LiveChat cannot be reached.", { cause })
      : new UpstreamFailed(`The connection to LiveChat broke.${doubt(attempted)}`, {
          cause,
          ...outcome(attempted),
        });
  }
  return error;
}

function refused({ status, headers }: Response, error: unknown, attempted: Attempted): AppError {
  const words = readWords(error instanceof HTTPError ? error.data : undefined, attempted.secrets);
  const says = (otherwise: string) => (words ? `LiveChat says: ${words}` : otherwise);
  if (status === 429) return new Throttled(readRetryAfter(headers));
  if (status === 401 || status === 403) {
    return new UpstreamRefused(
      `LiveChat refuses the credentials of this app.${words ? ` It says: ${words}` : ""}`,
    );
  }
  if (status === 404 || status === 410) return new NotFound(says("LiveChat knows nothing under this name."));
  if (status === 408) {
    return new UpstreamTimeout(`LiveChat gave up waiting.${doubt(attempted)}`, outcome(attempted));
  }
  if (status === 409) return new Conflict(says("LiveChat's current state does not allow this."));
  if (status >= 400 && status < 500)
    return new InvalidInput(says(`LiveChat refuses the request (${status}).`));
  if (status < 400) return new UpstreamFailed(`LiveChat redirects (${status}), which is not followed.`);
  const asksFor = readRetryAfter(headers);
  const detail = `LiveChat failed (${status}).${words ? ` It says: ${words}` : ""}${doubt(attempted)}`;
  return new UpstreamFailed(detail, {
    retryAfter: asksFor ? Math.ceil(asksFor / 1000) : undefined,
    ...outcome(attempted),
  });
}

function outcome({ method }: Attempted): { outcomeUnknown: boolean } {
  return { outcomeUnknown: method !== "GET" };
}

function doubt({ method }: Attempted): string {
  return method === "GET" ? "" : " Whether it did what was asked is not known.";
}

function keyOf(item: PropertyKey | { key: PropertyKey }): string {
  return String(typeof item === "object" ? item.key : item);
}

/** fetch wraps what happened to the socket once or twice. */
function innermost(error: unknown, depth = 5): { code?: string; message?: string } {
  if (!(error instanceof Error)) return {};
  const inner = depth > 0 ? innermost(error.cause, depth - 1) : {};
  return { code: inner.code ?? codeOf(error), message: inner.message ?? error.message };
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
