import { TEXT_API_VERSION } from "../schemas/from-text-chat.ts";
import type { LastCall, Lifecycle } from "./call-ledger.ts";
import { judgeBudget } from "./check-livechat.ts";
import { lookAtChatRuns } from "./check-reconciliation.ts";
import { lookAtRegistrations } from "./check-registrations.ts";
import type { CheckTools, Examined } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";
import { rememberedStandings } from "./registration-memory.ts";
import { runsADay } from "./schedule.ts";

/**
 * The checks of LiveChat on the Text platform. Its calls are billed, so the checks make none and use the results of
 * the app's other calls.
 */
export function checksOfText(app: Examined, tools: CheckTools): Check[] {
  const needs = "storage";
  return [
    { name: "livechat", vital: true, needs, look: async () => judgeLastCall(await app.callLedger.last()) },
    { name: "budget", needs, freshFor: 0, look: async () => judgeBudget(await app.liveChat.usage()) },
    {
      name: "registrations",
      vital: true,
      needs,
      look: () =>
        lookAtRegistrations(
          app,
          tools,
          async () => (await rememberedStandings(app.eventsTable)) ?? NOT_CHECKED_YET,
        ),
    },
    {
      name: "billing",
      needs,
      async look() {
        const { chatsReconcileSchedule, webhook } = app.settings;
        return judgeBilling(await app.callLedger.thisMonth(), {
          runsADay: runsADay(chatsReconcileSchedule, tools.now()),
          isRegistering: webhook.baseUrl !== undefined,
        });
      },
    },
    {
      name: "version",
      needs,
      look: async () => judgeVersion(TEXT_API_VERSION, await app.callLedger.lifecycle()),
    },
    { name: "reconcile.chats", vital: true, needs, look: () => lookAtChatRuns(app, tools) },
  ];
}

const NOT_CHECKED_YET = attention(
  "The app has not checked the webhooks yet.",
  "The timer checks them within 15 minutes; POST /registration checks them now.",
);

/** The `type` of LiveChat's errors for a token that lacks a scope. */
const LACKS_SCOPE = ["authorization", "missing_access"];

/** Judges LiveChat by the result of the app's last call. */
export function judgeLastCall(last: LastCall | undefined): Finding {
  if (!last) return ok("No call has been made to LiveChat yet.");
  const { at, failure } = last;
  if (!failure) return ok(`LiveChat answered the last call, at ${at}.`);
  const detail = `The last call, at ${at}, failed: ${failure.summary}`;
  if (failure.kind === "upstream-refused") {
    return {
      // A missing scope stops only the operations that need it. Webhooks and the reconciliation have their own checks.
      state: LACKS_SCOPE.includes(failure.code ?? "") ? "attention" : "bad",
      detail,
      action:
        "See docs/text.md for the token, its account id and its scopes; put them into LIVECHAT_API_KEY and LIVECHAT_ACCOUNT_ID. POST /registration tries again now.",
    };
  }
  if (failure.kind === "too-many-requests") {
    return attention(
      detail,
      "Wait a minute. If it does not change, lower LIVECHAT_RATE_LIMIT: it applies to each instance.",
    );
  }
  return bad(
    detail,
    "Check whether LiveChat has an outage, whether LIVECHAT_API_URL is correct, and whether this app may call it. POST /reconcile/chats tries again now.",
  );
}

/** Calls of the registration in a month of 30 days: two calls, four times an hour. */
const REGISTRATION_CALLS = 2 * 4 * 24 * 30;
/** Calls of a reconciliation of chats that finds nothing missing. */
const RECONCILIATION_CALLS = 2;

/** Shows the number of billed calls: LiveChat offers no limit for them. It never warns. */
export function judgeBilling(
  { month, calls }: { month: string; calls: number },
  { runsADay, isRegistering }: { runsADay: number; isRegistering: boolean },
): Finding {
  const timers = RECONCILIATION_CALLS * runsADay * 30 + (isRegistering ? REGISTRATION_CALLS : 0);
  return ok(
    `${calls} calls to LiveChat were billed in ${month}. The timers need about ${timers} in a month of thirty days; each chat that ends needs one more.`,
  );
}

/** Judges the API version that the app uses, by LiveChat's headers. */
export function judgeVersion(version: string, lifecycle: Lifecycle | undefined): Finding {
  if (!lifecycle) return ok(`Version ${version} of LiveChat's API is current.`);
  const { header, day } = lifecycle;
  return attention(
    header === "Deprecation"
      ? `LiveChat deprecates version ${version} of its API on ${day}, and removes it some months later.`
      : `Version ${version} of LiveChat's API is a legacy version as of ${day}; it is supported for about a year more.`,
    "Look for a newer version of this app that uses a newer version of the API.",
  );
}
