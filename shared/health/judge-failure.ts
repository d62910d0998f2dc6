import { AppError, originOf, StorageUnavailable, TooManyRequests, UpstreamRefused } from "../core/errors.ts";
import type { Finding } from "./monitor.ts";

const DELIVERIES = "Meanwhile deliveries are answered 503, and LiveChat repeats them for six hours.";

/** Judges a failed call to Table Storage. @throws what is no failure of it */
export function judgeStorageFailure(error: unknown): Finding {
  if (!(error instanceof StorageUnavailable)) throw error;
  const refused = [401, 403].includes(error.upstream?.status ?? 0);
  return {
    state: "bad",
    detail: `${error.message}${origin(error)} ${DELIVERIES}`,
    action: refused
      ? "Give the app's identity the role Storage Table Data Contributor, or correct the connection string in LiveChatStorage."
      : "Check that the storage account in LiveChatStorage (or LiveChatStorage__tableServiceUri, or AzureWebJobsStorage) exists and that its firewall admits this app.",
  };
}

/** Milliseconds for which LiveChat may refuse every call by 429 before that is an outage. */
const THROTTLED_TOO_LONG = 30 * 60_000;

/**
 * Judges a failed call to LiveChat.
 *
 * @param throttled since when (ISO 8601) every call has been answered 429, at the time `now` (milliseconds since the epoch)
 * @throws the error, when it is not a failure of LiveChat
 */
export function judgeLiveChatFailure(error: unknown, throttled?: { since: string; now: number }): Finding {
  if (!(error instanceof AppError)) throw error;
  if (error instanceof UpstreamRefused) {
    return {
      state: "bad",
      detail: error.message,
      action:
        "Create a new API key (or personal access token) in LiveChat. Set LIVECHAT_API_KEY to it, and LIVECHAT_USERNAME to its address.",
    };
  }
  if (isGone(error)) {
    return {
      state: "bad",
      detail: `${error.message} LiveChat's REST API v2 is not there for this account.`,
      action:
        "Move to the APIs of the Text platform: set LIVECHAT_API to text, with LIVECHAT_ACCOUNT_ID, LIVECHAT_CLIENT_ID and a personal access token in LIVECHAT_API_KEY. docs/text.md shows how. The log and the subscriptions go on.",
    };
  }
  if (error instanceof TooManyRequests) {
    const tooLong =
      throttled !== undefined && throttled.now - Date.parse(throttled.since) > THROTTLED_TOO_LONG;
    return {
      state: tooLong ? "bad" : "attention",
      detail: tooLong ? `${error.message} This began at ${throttled.since}.` : error.message,
      action:
        "Wait a minute. If it does not change, find other programs that call LiveChat with this account, or lower LIVECHAT_RATE_LIMIT: it applies to each instance.",
    };
  }
  return {
    state: "bad",
    detail: `${error.message}${origin(error)}`,
    action:
      "Check whether LiveChat has an outage, whether LIVECHAT_API_URL is correct, and whether this app may call it.",
  };
}

/** Whether LiveChat has no such API any more: a list of the account is never missing by itself. */
function isGone({ upstream }: AppError): boolean {
  const { status, code } = upstream ?? {};
  return status === 404 || status === 410 || code === "unsupported_version";
}

/** Names the cause for a reader who knows its code. */
function origin(error: AppError): string {
  const named = originOf(error);
  return named === undefined ? "" : ` (${named})`;
}
