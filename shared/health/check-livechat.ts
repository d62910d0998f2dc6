import { AppError, TooManyRequests, UpstreamRefused } from "../core/errors.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import type { Usage, Webhook } from "../livechat/live-chat.ts";
import { assessAll } from "../registration/assess.ts";
import { judgeLicence, lookAtRegistrations } from "./check-registrations.ts";
import type { CheckTools, Examined } from "./examined.ts";
import { attention, bad, type Finding, ok, unknownUntil, withOrigin } from "./finding.ts";
import type { Check } from "./monitor.ts";

/**
 * Milliseconds for the call: less than the time limit of a check, so the check can report that LiveChat hangs or
 * throttles.
 */
const ASK_TIMEOUT = 4 * SECOND;

/** The account's webhooks, if this app registers them. */
type FoundWebhooks = Promise<Webhook[] | undefined>;

/**
 * The checks of LiveChat with its API v2. The check `livechat` makes one call a minute, which tests LiveChat and the
 * credentials; the checks after it use the answer to the same call. `GET /health` needs no key, so its callers must
 * not be able to use up the rate limit.
 */
export function checksOfV2(app: Examined, tools: CheckTools): Check[] {
  let lastAnswer: FoundWebhooks = Promise.resolve(undefined);
  return [
    {
      name: "livechat",
      vital: true,
      needs: "settings",
      freshFor: MINUTE,
      look() {
        lastAnswer = askLiveChat(app);
        return lookAtAnswer(lastAnswer, tools);
      },
    },
    {
      name: "budget",
      needs: "settings",
      freshFor: 0,
      async look() {
        await lastAnswer.catch(() => {});
        return judgeBudget(await app.liveChat.usage());
      },
    },
    {
      name: "registrations",
      vital: true,
      needs: "livechat",
      look: () =>
        lookAtRegistrations(app, tools, async (baseUrl) => {
          const { credentials, licenseId } = app.settings.webhook;
          const webhooks = await lastAnswer.catch(() => undefined);
          if (webhooks === undefined) return unknownUntil("livechat");
          return (
            judgeLicence(webhooks, licenseId) ??
            assessAll(webhooks, { baseUrl, credentials, api: app.settings.liveChat.api })
          );
        }),
    },
  ];
}

/** Without webhooks to register, tickets are listed: the API key may lack the permission to list webhooks. */
async function askLiveChat({ settings, liveChat }: Examined): FoundWebhooks {
  const call = { deadline: Date.now() + ASK_TIMEOUT };
  if (settings.webhook.baseUrl !== undefined) return liveChat.listWebhooks(call);
  await liveChat.findTickets({}, { page: 1, skip: 0, limit: 1 }, call);
  return undefined;
}

async function lookAtAnswer(answer: FoundWebhooks, { sightings, now }: CheckTools): Promise<Finding> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof TooManyRequests)) return judgeLiveChatFailure(error);
    const { since } = await sightings.see("livechat.throttled", "yes");
    return judgeLiveChatFailure(error, { since, now: now() });
  }
  await sightings.see("livechat.throttled", "no");
  return ok("LiveChat answers and accepts the credentials.");
}

/** Milliseconds for which LiveChat may answer every call with 429 before the check is bad. */
const THROTTLED_TOO_LONG = 30 * MINUTE;

/**
 * Judges a failed call to LiveChat.
 *
 * @param throttled `since` (ISO 8601): every call since then was answered with 429; `now`: milliseconds since the epoch
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
      `${error.message} This account does not have LiveChat's REST API v2.`,
      "Move to the APIs of the Text platform: set LIVECHAT_API to text, with LIVECHAT_ACCOUNT_ID, LIVECHAT_CLIENT_ID and a personal access token in LIVECHAT_API_KEY. docs/text.md shows how. The log and the subscriptions continue.",
    );
  }
  if (error instanceof TooManyRequests) {
    const isTooLong =
      throttled !== undefined && throttled.now - Date.parse(throttled.since) > THROTTLED_TOO_LONG;
    return {
      state: isTooLong ? "bad" : "attention",
      detail: isTooLong ? `${error.message} This began at ${throttled.since}.` : error.message,
      action:
        "Wait a minute. If it does not change, find other programs that call LiveChat with this account, or lower LIVECHAT_RATE_LIMIT: it applies to each instance.",
    };
  }
  return bad(
    withOrigin(error),
    "Check whether LiveChat has an outage, whether LIVECHAT_API_URL is correct, and whether this app may call it.",
  );
}

/** Returns true if LiveChat no longer has this API: the account's lists are 404 for no other reason. */
function lacksApi({ upstream }: AppError): boolean {
  const { status, code } = upstream ?? {};
  return status === 404 || status === 410 || code === "unsupported_version";
}

/** From this share of the rate limit on, calls of callers may have to wait. */
const NEARLY_USED_UP = 0.9;

/** Judges how much of its rate limit this instance has used in the last minute. */
export function judgeBudget({ limit, used, waiting, pausedFor }: Omit<Usage, "inFlight">): Finding {
  const usage = `This instance has made ${used} of the ${limit} calls that it may make in a minute${waiting > 0 ? `; ${waiting} more wait` : ""}.`;
  if (pausedFor > 0) {
    return attention(
      `LiveChat's rate limit is used up; the app makes no calls for another ${Math.ceil(pausedFor / 1000)} s. ${usage}`,
      "Find other programs that call LiveChat with this account. LIVECHAT_RATE_LIMIT applies to each instance: lower it if there are several.",
    );
  }
  if (used < limit * NEARLY_USED_UP) return ok(usage);
  return attention(
    usage,
    "Find the callers that use the most; calls now wait or are answered 429. If LiveChat allows the account more, raise LIVECHAT_RATE_LIMIT.",
  );
}
