import type { Registered, Standing } from "../registration/assess.ts";
import { describeStanding } from "../registration/describe.ts";
import type { Finding } from "./monitor.ts";

/** Milliseconds after which a new app has registered its webhooks, if it can. */
const SETTLED = 30 * 60_000;

const ENSURE =
  "The timer registers them within a quarter of an hour; POST /registration does it now, and says why if it cannot.";

/**
 * Whether LiveChat tells this app of what happens.
 *
 * @param installed ISO 8601: since when the app has been there
 * @param now milliseconds since the epoch
 */
export function judgeRegistration(
  standings: readonly Standing[],
  { installed, now }: { installed: string; now: number },
): Finding {
  const wrong = standings.filter(({ state }) => state !== "ok");
  if (wrong.length === 0) return { state: "ok", detail: "Each of LiveChat's webhooks is registered once." };
  const lost = wrong.some(isLost) && now - Date.parse(installed) > SETTLED;
  const detail = wrong
    .map(describeStanding)
    .map((one) => `${one.event_type}: ${one.detail}`)
    .join(" ");
  const onlyUnverified = wrong.every(({ state }) => state === "unverified");
  return {
    state: lost ? "bad" : "attention",
    detail,
    action: onlyUnverified
      ? "See whether deliveries come; if they do not, ask LiveChat what it wants."
      : ENSURE,
  };
}

/** Nothing of this kind gets through. */
function isLost({ state, others }: Standing): boolean {
  return (
    state === "missing" || (state === "stale" && others.every(({ flaw }) => flaw !== "previous credentials"))
  );
}

/** What is registered shows the account's licence; deliveries of any other than ours are refused. */
export function judgeLicence(
  webhooks: readonly Registered[],
  licenseId: string | undefined,
): Finding | undefined {
  const [licence] = webhooks.flatMap((webhook) => webhook.licence ?? []);
  if (licenseId === undefined || licence === undefined || licence === licenseId) return undefined;
  return {
    state: "bad",
    detail: `LIVECHAT_LICENSE_ID is not the licence of this account, which is ${licence}: every delivery is refused.`,
    action: `Set LIVECHAT_LICENSE_ID to ${licence}, or leave it out.`,
  };
}
