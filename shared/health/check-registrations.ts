import { MINUTE } from "../core/time.ts";
import type { Webhook } from "../livechat/live-chat.ts";
import type { KnownStanding } from "../registration/assess.ts";
import { detailOf } from "../registration/describe.ts";
import type { CheckTools, Examined } from "./examined.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";

/**
 * Looks at the webhooks that this app registers.
 *
 * @param standingsOf the state of the webhooks, or a finding when it is not known
 */
export async function lookAtRegistrations(
  { settings, eventLog }: Examined,
  { sightings, now }: CheckTools,
  standingsOf: (baseUrl: string) => Promise<KnownStanding[] | Finding>,
): Promise<Finding> {
  const { baseUrl } = settings.webhook;
  if (baseUrl === undefined) {
    // The check `storage` reports a failure of storage.
    const head = await eventLog.head().catch(() => undefined);
    return judgeNoAddress(head?.seq);
  }
  const standings = await standingsOf(baseUrl);
  if (!Array.isArray(standings)) return standings;
  const { since: installed } = await sightings.see("app", "installed");
  return judgeRegistration(standings, { installed, now: now() });
}

/** Milliseconds after which a new app should have registered its webhooks. */
const REGISTERED_WITHIN = 30 * MINUTE;

const REGISTER_NOW =
  "The timer registers them within 15 minutes. POST /registration registers them now, and shows the reason if that fails.";

/**
 * Judges the webhooks that this app registers.
 *
 * @param installed ISO 8601: when the app was installed
 * @param now milliseconds since the epoch
 */
export function judgeRegistration(
  standings: readonly KnownStanding[],
  { installed, now }: { installed: string; now: number },
): Finding {
  const wrong = standings.filter(({ state }) => state !== "ok");
  if (wrong.length === 0) return ok("Each of LiveChat's webhooks is registered once.");
  const isLosing = wrong.some(losesDeliveries) && now - Date.parse(installed) > REGISTERED_WITHIN;
  const detail = wrong.map((one) => `${one.wanted.event_type}: ${detailOf(one)}`).join(" ");
  const isOnlyUnverified = wrong.every(({ state }) => state === "unverified");
  return {
    state: isLosing ? "bad" : "attention",
    detail,
    action: isOnlyUnverified
      ? "Check whether deliveries arrive. If not, ask LiveChat's support why the webhook is not verified."
      : REGISTER_NOW,
  };
}

/** Returns true if no delivery of the webhook reaches the log. */
function losesDeliveries({ state, others }: KnownStanding): boolean {
  return (
    state === "missing" ||
    state === "off" ||
    (state === "stale" && others.every(({ flaw }) => flaw !== "previous credentials"))
  );
}

/** Compares LIVECHAT_LICENSE_ID with the licence of the registered webhooks, which is the account's licence. */
export function judgeLicence(
  webhooks: readonly Webhook[],
  licenseId: string | undefined,
): Finding | undefined {
  const [licence] = webhooks.flatMap((webhook) => webhook.licence ?? []);
  if (licenseId === undefined || licence === undefined || licence === licenseId) return undefined;
  return bad(
    `LIVECHAT_LICENSE_ID is not the licence of this account, which is ${licence}: every delivery is refused.`,
    `Set LIVECHAT_LICENSE_ID to ${licence}, or remove it.`,
  );
}

/**
 * Judges an app without WEBHOOK_BASE_URL, whose webhooks are registered by hand.
 *
 * @param events the number of events in the log; `undefined` when it is not known
 */
function judgeNoAddress(events: number | undefined): Finding {
  if (events !== 0) {
    return ok("WEBHOOK_BASE_URL is not set: webhooks are registered by hand.");
  }
  return attention(
    "WEBHOOK_BASE_URL is not set, and no event was ever received.",
    "Set WEBHOOK_BASE_URL to this app's address, and the app registers its webhooks. Or register all three by hand, as docs/settings.md shows.",
  );
}
