import type { Subscriber } from "../subscriptions/subscribers.ts";
import type { Finding } from "./monitor.ts";

/** Milliseconds for which events that retention removed before they were delivered are told. */
const MISSED_TOLD = 7 * 24 * 60 * 60_000;
/** Milliseconds that an event may wait for a healthy subscriber. After that, the dispatcher seems not to run. */
const STUCK_AFTER = 5 * 60_000;

const GIVEN_UP =
  "See GET /subscriptions for which, and how they failed. Then POST /subscriptions/{id}/resume, which loses nothing, or DELETE /subscriptions/{id} to end it.";

/**
 * Judges the deliveries to subscribers. A subscription that is given up is bad until it is resumed or ended.
 *
 * @param now milliseconds since the epoch
 */
export function judgeSubscriptions(subscribers: readonly Subscriber[], now: number): Finding {
  const givenUp = subscribers.filter(({ state }) => state === "given_up").length;
  const parked = subscribers.reduce((sum, { parkedEvents }) => sum + parkedEvents, 0);
  return { ...judge(subscribers, parked, now), count: givenUp + parked };
}

function judge(subscribers: readonly Subscriber[], parked: number, now: number): Finding {
  const some = subscribers.length === 1 ? "1 subscription" : `${subscribers.length} subscriptions`;
  const stuck = subscribers.filter((subscriber) => isStuck(subscriber, now)).length;
  const lost = subscribers.filter(({ state }) => state === "given_up").length;
  if (stuck > 0) {
    return {
      state: "bad",
      detail: `Nothing is sent to ${stuck} of ${some}, though events wait.${lost > 0 ? ` ${lost} of them given up.` : ""}`,
      action: `Check that the functions DispatchQueue and DispatchTimer exist and are enabled.${lost > 0 ? ` ${GIVEN_UP}` : ""}`,
    };
  }
  if (lost > 0) {
    return {
      state: "bad",
      detail: `${lost} of ${some} given up: nothing is sent to ${lost === 1 ? "it" : "them"}.`,
      action: GIVEN_UP,
    };
  }
  const retrying = subscribers.filter(({ state }) => state === "retrying").length;
  if (retrying > 0) {
    return {
      state: "attention",
      detail: `${retrying} of ${some} failed last and will be tried again.`,
      action: "GET /subscriptions lists them with their failures. No event is lost meanwhile.",
    };
  }
  const missing = subscribers.filter(({ missedAt }) => now - Date.parse(missedAt ?? "") < MISSED_TOLD);
  if (missing.length > 0) {
    const missed = missing.reduce((sum, subscriber) => sum + subscriber.missed, 0);
    return {
      state: "attention",
      detail: `Retention removed ${missed === 1 ? "1 event" : `${missed} events`} that ${missing.length} of ${some} had not received.`,
      action:
        "GET /subscriptions lists them with their failures. RETENTION_MARGIN_DAYS is how long retention waits for them.",
    };
  }
  if (parked > 0) {
    return {
      state: "attention",
      detail: parked === 1 ? "1 event is parked." : `${parked} events are parked.`,
      action:
        "GET /subscriptions/{id} lists them, and GET /events/{id}/attempts has the reasons. POST /subscriptions/{id}/send sends them again.",
    };
  }
  return {
    state: "ok",
    detail: subscribers.length === 0 ? "There are no subscriptions." : `${some}, none failing.`,
  };
}

function isStuck({ state, waitingSince, lastAnswer }: Subscriber, now: number): boolean {
  if (state !== "active" || waitingSince === undefined) return false;
  const lastSign = Math.max(Date.parse(waitingSince), Date.parse(lastAnswer?.at ?? waitingSince));
  return now - lastSign > STUCK_AFTER;
}
