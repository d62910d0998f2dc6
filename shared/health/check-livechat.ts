import { AppError, TooManyRequests, UpstreamRefused } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import type { Usage, Webhook } from "../livechat/live-chat.ts";
import { assessAll } from "../registration/assess.ts";
import { checkRegistrations, judgeLicence } from "./check-registrations.ts";
import { withOrigin } from "./check-storage.ts";
import type { Examined, Memory } from "./examined.ts";
import { attention, bad, type Finding, ok, unknownUntil } from "./finding.ts";
import type { Check } from "./monitor.ts";

/**
 * Milliseconds for the call: less than the time limit of a check, so the check can report that LiveChat hangs or
 * throttles.
 */
const ASK_TIMEOUT = 4 * SECOND;

/**
 * The checks that need LiveChat. They share one call a minute, which tests LiveChat, the credentials and the
 * webhooks. `GET /health` needs no key, so its callers must not be able to use up the rate limit.
 */
export function checksOfLiveChat(app: Examined, memory: Memory): Check[] {
  // An object, so `lazy` also keeps a failure.
  const share = () => lazy(() => ({ answer: askLiveChat(app) }), { freshFor: MINUTE, now: memory.now });
  let shared = share();
  const answer = () => shared().answer;
  return [
    {
      name: "livechat",
      vital: true,
      needs: "settings",
      async look() {
        const { sightings, now } = memory;
        try {
          await answer();
        } catch (error) {
          if (!(error instanceof TooManyRequests)) return judgeLiveChatFailure(error);
          const { since } = await sightings.see("livechat.throttled", "yes");
          return judgeLiveChatFailure(error, { since, now: now() });
        }
        await sightings.see("livechat.throttled", "no");
        return ok("LiveChat answers and accepts the credentials.");
      },
      forget: () => {
        shared = share();
      },
    },
    {
      name: "budget",
      needs: "settings",
      freshFor: 0,
      async look() {
        await answer().catch(() => {});
        return judgeBudget(await app.liveChat.usage());
      },
    },
    checkRegistrations(app, memory, {
      needs: "livechat",
      async standings(baseUrl) {
        const { credentials, licenseId } = app.settings.webhook;
        const webhooks = await answer().catch(() => undefined);
        if (webhooks === undefined) return unknownUntil("livechat");
        return (
          judgeLicence(webhooks, licenseId) ??
          assessAll(webhooks, { baseUrl, credentials, api: app.settings.liveChat.api })
        );
      },
    }),
  ];
}

/** The account's webhooks, if this app registers them. Otherwise the API key may lack the permission to list them. */
async function askLiveChat({ settings, liveChat }: Examined): Promise<Webhook[] | undefined> {
  const call = { deadline: Date.now() + ASK_TIMEOUT };
  if (settings.webhook.baseUrl !== undefined) return liveChat.listWebhooks(call);
  await liveChat.findTickets({}, { page: 1, skip: 0, limit: 1 }, call);
  return undefined;
}

/** Milliseconds for which LiveChat may answer every call with 429 before the check is bad. */
const THROTTLED_TOO_LONG = 30 * MINUTE;

/**
 * Judges a failed call to LiveChat.
 *
 * @param throttled since when (ISO 8601) every call has been answered with 429, and the present time `now`
 *   (milliseconds since the epoch)
 * @throws the error, when it is not a failure of LiveChat
 */
export function judgeLiveChatFailure(error: unknown, throttled?: { since: string; now: number }): Finding {
  if (!(error instanceof AppError)) throw error;
  if (error instanceof UpstreamRefused) {
    return bad(
      error.message,
      "Create a new API key (or personal access token) in LiveChat. Set LIVECHAT_API_KEY to it, and LIVECHAT_USERNAME to its address.",
    );
  }
  if (lacksApi(error)) {
    return bad(
      `${error.message} LiveChat's REST API v2 is not there for this account.`,
      "Move to the APIs of the Text platform: set LIVECHAT_API to text, with LIVECHAT_ACCOUNT_ID, LIVECHAT_CLIENT_ID and a personal access token in LIVECHAT_API_KEY. docs/text.md shows how. The log and the subscriptions continue.",
    );
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
  return bad(
    withOrigin(error),
    "Check whether LiveChat has an outage, whether LIVECHAT_API_URL is correct, and whether this app may call it.",
  );
}

/** Whether LiveChat no longer has this API. A list of the account never gets a 404 for another reason. */
function lacksApi({ upstream }: AppError): boolean {
  const { status, code } = upstream ?? {};
  return status === 404 || status === 410 || code === "unsupported_version";
}

/** The share of the limit above which operators' calls may have to wait. */
const NEARLY = 0.9;

/** Judges how much of its rate limit this instance has used in the last minute. */
export function judgeBudget({ limit, used, waiting, pausedFor }: Omit<Usage, "inFlight">): Finding {
  const said = `This instance has made ${used} of the ${limit} calls that it may make in a minute${waiting > 0 ? `; ${waiting} more wait` : ""}.`;
  if (pausedFor > 0) {
    return attention(
      `LiveChat's rate limit is used up; the app makes no calls for another ${Math.ceil(pausedFor / 1000)} s. ${said}`,
      "Find other programs that call LiveChat with this account. LIVECHAT_RATE_LIMIT applies to each instance: lower it if there are several.",
    );
  }
  if (used < limit * NEARLY) return ok(said);
  return attention(
    said,
    "Find the callers that use the most; calls now wait or are answered 429. If LiveChat allows the account more, raise LIVECHAT_RATE_LIMIT.",
  );
}
