import { TEXT_API_VERSION } from "../schemas/from-text-chat.ts";
import type { LastCall, Lifecycle } from "./call-ledger.ts";
import { judgeBudget } from "./check-livechat.ts";
import { checkChatReconciliation, runsADay } from "./check-reconciliation.ts";
import { checkRegistrations } from "./check-registrations.ts";
import type { Examined, ExaminedText, Memory } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";
import type { Check } from "./monitor.ts";
import { rememberedStandings } from "./registration-memory.ts";

/** The checks of LiveChat where its calls are billed: they make none, and judge by those that the app's work makes. */
export function checksOfText(app: Examined, text: ExaminedText, memory: Memory): Check[] {
  const needs = "storage";
  return [
    { name: "livechat", vital: true, needs, look: async () => judgeLastCall(await text.calls.last()) },
    { name: "budget", needs, freshFor: 0, look: async () => judgeBudget(await app.liveChat.usage()) },
    checkRegistrations(app, memory, {
      needs,
      standings: async () => (await rememberedStandings(text.table)) ?? NOT_LOOKED,
    }),
    {
      name: "billing",
      needs,
      async look() {
        const { chatsReconcileSchedule, webhook } = app.settings;
        return judgeBilling(await text.calls.thisMonth(), {
          runsADay: await runsADay(chatsReconcileSchedule, memory.now()),
          isRegistering: webhook.baseUrl !== undefined,
        });
      },
    },
    {
      name: "version",
      needs,
      look: async () => judgeVersion(TEXT_API_VERSION, await text.calls.lifecycle()),
    },
    checkChatReconciliation(app, text, memory),
  ];
}

const NOT_LOOKED: Finding = attention(
  "The webhooks have not been looked at yet.",
  "The timer does it within a quarter of an hour; POST /registration does it now.",
);

/** LiveChat's types of errors for a token that lacks a scope. */
const SCOPES = ["authorization", "missing_access"];

/** Judges LiveChat by how the app's last call went. */
export function judgeLastCall(last: LastCall | undefined): Finding {
  if (!last) return ok("No call has been made to LiveChat yet.");
  const { at, failure } = last;
  if (!failure) return ok(`LiveChat answered the last call, at ${at}.`);
  const detail = `The last call, at ${at}, failed: ${failure.summary}`;
  if (failure.kind === "upstream-refused") {
    return {
      // A scope is missing for one action. The webhooks and the reconciliation have checks of their own.
      state: SCOPES.includes(failure.code ?? "") ? "attention" : "bad",
      detail,
      action:
        "See docs/text.md for the token, its account id and its scopes; put them into LIVECHAT_API_KEY and LIVECHAT_ACCOUNT_ID. POST /registration tries again now.",
    };
  }
  if (failure.kind === "too-many-requests") {
    return attention(
      detail,
      "Wait a minute. If it stays so, lower LIVECHAT_RATE_LIMIT: it is counted for each instance.",
    );
  }
  return bad(
    detail,
    "See whether LiveChat has an outage, and that LIVECHAT_API_URL is right and may be called from here. POST /reconcile/chats tries again now.",
  );
}

/** The registration's two calls, four times an hour, in a month of thirty days. */
const REGISTRATION = 2 * 4 * 24 * 30;
/** Calls of a reconciliation of chats that finds nothing missing. */
const RECONCILIATION = 2;

/** Tells the calls that are billed. No limit can be set at LiveChat, so this is where they are seen. */
export function judgeBilling(
  { month, calls }: { month: string; calls: number },
  { runsADay, isRegistering }: { runsADay: number; isRegistering: boolean },
): Finding {
  const timers = RECONCILIATION * runsADay * 30 + (isRegistering ? REGISTRATION : 0);
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
      ? `LiveChat deprecates version ${version} of its API as of ${day}: some months later it is gone.`
      : `Version ${version} of LiveChat's API is a legacy version as of ${day}; it is supported for about a year more.`,
    "Look for a newer version of this app, which speaks a newer version of the API.",
  );
}
