/** One problem of a request: its place (a dotted path or the name of a header), and a sentence that explains it. */
export type Problem = { path: string; message: string };

/** The details that LiveChat, storage or the transport gave about a failure. */
type Upstream = {
  /** The HTTP status; absent without an answer. */
  status?: number;
  /** The service's code, such as `AuthorizationFailure`, or the transport's, such as `ECONNREFUSED`. */
  code?: string;
  /** Why there was no answer. */
  reason?: string;
  /** LiveChat's message. It may contain personal data, so it is sent to the caller and never logged. */
  words?: string;
};

export type ErrorDetails = {
  cause?: unknown;
  upstream?: Upstream;
  /** Seconds to wait before a repetition; becomes `Retry-After` (RFC 9110, 10.2.3). */
  retryAfter?: number;
  problems?: Problem[];
  /** True when the request may have taken effect: to repeat it could do it twice. */
  outcomeUnknown?: boolean;
};

const DOUBT = " The request may have taken effect.";

/**
 * The base class of errors that are answered to callers. The message is written for the caller: it contains no
 * credential, stack or upstream header. Every other error is a defect, and is answered as a 500 without details.
 */
export abstract class AppError extends Error {
  /** The message without LiveChat's words: for logs. */
  summary = "";
  readonly upstream?: Upstream;
  /** A stable name of the kind, for programs. It is not the name of the class, since the bundle is minified. */
  abstract readonly kind: string;
  /** The HTTP status of the answer. */
  abstract readonly status: number;
  /** A short, constant phrase for the kind of error: `title` of RFC 9457. */
  abstract readonly title: string;
  /** True if the same request can succeed later without any change. */
  readonly retryable: boolean = false;
  readonly retryAfter?: number;
  readonly problems?: Problem[];
  outcomeUnknown?: boolean;

  constructor(summary: string, { cause, upstream, retryAfter, problems, outcomeUnknown }: ErrorDetails = {}) {
    super(summary, { cause });
    this.name = new.target.name;
    this.upstream = upstream;
    this.retryAfter = retryAfter;
    this.problems = problems;
    this.outcomeUnknown = outcomeUnknown;
    this.#say(outcomeUnknown ? summary + DOUBT : summary);
  }

  /** Says that the request may have taken effect: this attempt failed, but an earlier one had an unknown outcome. */
  addDoubt(): void {
    if (this.outcomeUnknown) return;
    this.outcomeUnknown = true;
    this.#say(this.summary + DOUBT);
  }

  #say(summary: string): void {
    this.summary = summary;
    this.message = this.upstream?.words ? `${summary} It says: ${this.upstream.words}` : summary;
  }
}

/** Makes an error class from its kind (a name for programs), its HTTP status and its title. */
export function errorKind<const Kind extends string>(kind: Kind, status: number, title: string) {
  return class extends AppError {
    readonly kind = kind;
    readonly status = status;
    readonly title = title;
  };
}

/** The upstream status and code behind an error, such as `403 AuthorizationFailure` or `ECONNREFUSED`. */
export function originOf({ upstream: { status, code, reason } = {} }: AppError): string | undefined {
  return code === undefined ? reason : [status, code].filter((part) => part !== undefined).join(" ");
}

/** 400: the request is not valid; `problems` lists all of its problems. */
export class InvalidInput extends errorKind("invalid-input", 400, "The request is not valid") {
  /** For a request with a single problem. */
  static at(path: string, message: string): InvalidInput {
    return new InvalidInput(message, { problems: [{ path, message }] });
  }
}

/** 401: credentials are missing or wrong. */
export class Unauthorized extends errorKind("unauthorized", 401, "Credentials are missing or wrong") {
  /** The answer's `WWW-Authenticate`, which every 401 has (RFC 9110, 11.6.1). */
  readonly challenge = 'Basic realm="LiveChat webhooks", charset="UTF-8"';
}

/** 403: the credentials are valid, but do not allow this. */
export class Forbidden extends errorKind("forbidden", 403, "Not allowed") {}

/** 404: the thing that the request names does not exist. */
export class NotFound extends errorKind("not-found", 404, "Not found") {}

/** 404: LiveChat has anonymized the chat, and no longer has its content. */
export class ChatAnonymized extends NotFound {}

/** 409: another request is doing the same work, or the state does not allow the request. */
export class Conflict extends errorKind("conflict", 409, "In conflict with the current state") {}

/** 409: the account has no HelpDesk, where the Text platform keeps tickets. */
export class NoHelpDesk extends errorKind("no-helpdesk", 409, "This account has no HelpDesk") {}

/** 413: the body is over the operation's limit. */
export class TooLarge extends errorKind("too-large", 413, "The request is too large") {}

/** 415: the operation does not read this type of body. */
export class UnsupportedMediaType extends errorKind(
  "unsupported-media-type",
  415,
  "Content type not supported",
) {}

/** 422: the Idempotency-Key was used with another request. */
export class KeyReused extends errorKind("key-reused", 422, "Idempotency-Key is already used") {}

/** 429: LiveChat's limit, or our own, is used up for `retryAfter` seconds. */
export class TooManyRequests extends errorKind("too-many-requests", 429, "Too many requests") {
  override readonly retryable = true;
}

/** 502: LiveChat failed, could not be reached, or gave an answer that cannot be read. */
export class UpstreamFailed extends errorKind("upstream-failed", 502, "LiveChat failed") {
  override readonly retryable = true;
}

/** 502: LiveChat refuses this app's own credentials. Only the operator of the app can change that. */
export class UpstreamRefused extends errorKind(
  "upstream-refused",
  502,
  "LiveChat refuses the connection's credentials",
) {}

/** 504: LiveChat did not answer in time. The request may have taken effect. */
export class UpstreamTimeout extends errorKind("upstream-timeout", 504, "LiveChat did not answer in time") {
  override readonly retryable = true;
}

/** 503: our own storage failed or did not answer in time. */
export class StorageUnavailable extends errorKind("storage-unavailable", 503, "Storage is not available") {
  override readonly retryable: boolean = true;
}
