import { plural } from "../core/text.ts";
import { DAY, MINUTE } from "../core/time.ts";
import type { SubscriptionView } from "../schemas/subscription.ts";
import { attention, bad, type Finding, ok } from "./finding.ts";

/** Milliseconds for which the check reports events that retention removed. */
const MISSED_SHOWN = 7 * DAY;
/** Milliseconds for which the check reports that the log was replaced by a new one. */
const RESTARTED_SHOWN = DAY;
/**
 * Milliseconds that an event may wait for a healthy subscriber. After that, the check reports that the dispatcher
 * does not run.
 */
const STUCK_AFTER = 5 * MINUTE;

/**
 * Judges the deliveries of subscriptions. The worst fault decides the state, and the detail lists all faults. A
 * given-up subscription is bad until it is resumed or ended.
 *
 * @param now milliseconds since the epoch
 */
export function judgeSubscriptions(subscriptions: readonly SubscriptionView[], now: number): Finding {
  const some = plural(subscriptions.length, "subscription");
  const count = (isSo: (subscription: SubscriptionView) => boolean) => subscriptions.filter(isSo).length;
  const stuck = count((subscription) => isStuck(subscription, now));
  const givenUp = count(({ state }) => state === "given_up");
  const retrying = count(({ state }) => state === "retrying");
  const missing = subscriptions.filter(({ missedAt }) => isRecent(missedAt, now, MISSED_SHOWN));
  const missed = missing.reduce((sum, subscription) => sum + subscription.missed, 0);
  const parked = subscriptions.reduce((sum, { parkedEvents }) => sum + parkedEvents, 0);
  const restarted = count(({ restartedAt }) => isRecent(restartedAt, now, RESTARTED_SHOWN));

  // The bad faults come first.
  const faults = [
    stuck > 0 &&
      bad(
        `Nothing is sent to ${stuck} of ${some}, although events wait.`,
        "Check that the functions DispatchQueue and DispatchTimer exist and are enabled.",
      ),
    givenUp > 0 &&
      bad(
        `${givenUp} of ${some} ${givenUp === 1 ? "is given up and gets" : "are given up and get"} no events.`,
        "GET /subscriptions lists them with their failures. POST /subscriptions/{id}/resume resumes one and loses no event; DELETE /subscriptions/{id} ends it.",
      ),
    retrying > 0 &&
      attention(
        `The last delivery to ${retrying} of ${some} failed. The app repeats it.`,
        "GET /subscriptions lists them with their failures. No event is lost meanwhile.",
      ),
    missed > 0 &&
      attention(
        `Retention removed ${plural(missed, "event")} that ${missing.length} of ${some} had not received.`,
        "GET /subscriptions shows them as missed. RETENTION_MARGIN_DAYS sets how long retention waits for a subscription.",
      ),
    restarted > 0 &&
      attention(
        `The log was replaced by a new one: ${restarted} of ${some} restarted at its beginning.`,
        "Check EVENTS_TABLE and the storage account, unless you changed or emptied the table yourself.",
      ),
    parked > 0 &&
      attention(
        `${plural(parked, "event is", "events are")} parked.`,
        "GET /subscriptions/{id} lists them, and GET /events/{id}/attempts has the reasons. POST /subscriptions/{id}/send sends them again.",
      ),
  ].filter((fault) => fault !== false);
  const [worst] = faults;
  if (!worst) {
    const detail = subscriptions.length === 0 ? "There are no subscriptions." : `${some}, none failing.`;
    return { ...ok(detail), count: 0 };
  }
  return {
    state: worst.state,
    detail: faults.map(({ detail }) => detail).join(" "),
    action: faults.map(({ action }) => action).join(" "),
    count: givenUp + parked,
  };
}

const isRecent = (at: string | undefined, now: number, limit: number) =>
  at !== undefined && now - Date.parse(at) < limit;

function isStuck({ state, waitingSince, lastAnswer }: SubscriptionView, now: number): boolean {
  if (state !== "active" || waitingSince === undefined) return false;
  const quietSince = Math.max(Date.parse(waitingSince), Date.parse(lastAnswer?.at ?? waitingSince));
  return now - quietSince > STUCK_AFTER;
}
