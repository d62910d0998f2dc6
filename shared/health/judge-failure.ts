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
      ? "Give the app's identity the role Storage Table Data Contributor, or put the right connection string into LiveChatStorage."
      : "See that the storage account in LiveChatStorage (or LiveChatStorage__tableServiceUri, or AzureWebJobsStorage) exists and that its firewall lets this app in.",
  };
}

/** Milliseconds for which LiveChat may refuse every call by 429 before that is an outage. */
const THROTTLED_TOO_LONG = 30 * 60_000;

/**
 * Judges a failed call to LiveChat.
 *
 * @param throttled since when (ISO 8601) every call has been answered 429, at the time `now` (milliseconds since the epoch)
 * @throws what is no failure of LiveChat
 */
export function judgeLiveChatFailure(error: unknown, throttled?: { since: string; now: number }): Finding {
  if (!(error instanceof AppError)) throw error;
  if (error instanceof UpstreamRefused) {
    return {
      state: "bad",
      detail: error.message,
      action:
        "Make a new API key (or personal access token) in LiveChat, and put it into LIVECHAT_API_KEY, with the address that it belongs to in LIVECHAT_USERNAME.",
    };
  }
  if (error instanceof TooManyRequests) {
    const tooLong =
      throttled !== undefined && throttled.now - Date.parse(throttled.since) > THROTTLED_TOO_LONG;
    return {
      state: tooLong ? "bad" : "attention",
      detail: tooLong ? `${error.message} It has been so since ${throttled.since}.` : error.message,
      action:
        "Wait a minute. If it stays so, see what else calls LiveChat with this account, or lower LIVECHAT_RATE_LIMIT: it is counted for each instance.",
    };
  }
  return {
    state: "bad",
    detail: `${error.message}${origin(error)}`,
    action:
      "See whether LiveChat has an outage, and that LIVECHAT_API_URL is right and may be called from here.",
  };
}

/** Names the cause for a reader who knows its code. */
function origin(error: AppError): string {
  const named = originOf(error);
  return named === undefined ? "" : ` (${named})`;
}
