import { backOff } from "../core/back-off.ts";
import { toIso } from "../core/time.ts";
import type { SubscriptionInDetail } from "../schemas/subscription.ts";
import type { CallbackAnswer } from "./post.ts";
import {
  FIRST_PAUSE_MS,
  GIVE_UP_AFTER_MS,
  GONE_AFTER_MS,
  GONE_ANSWERS,
  LONGEST_PAUSE_MS,
  PARK_ANSWERS,
  PARKED_IN_A_ROW,
  REFUSED_PAUSE_MS,
  SWITCHED_OFF_PAUSE_MS,
} from "./times.ts";

/** The state of the deliveries to a subscriber. Moments are ISO 8601 in UTC with milliseconds. */
export type Standing = Pick<SubscriptionInDetail, "state" | "failures" | "nextAttemptAt" | "lastAnswer"> & {
  /** When the first failure in a row was. */
  failingSince?: string;
  /** 404 or 410 answers in a row, and when the first of them came. */
  gone?: { count: number; since: string };
  /** How often the event at this place was refused: the answers that may park it. */
  refused?: { seq: number; count: number };
  /** How many events were parked since the last one that arrived. */
  parkedInARow?: number;
};

/** Nothing has gone wrong. */
export const FRESH: Standing = { state: "active", failures: 0 };
export const isFresh = ({ state, failures }: Standing): boolean => state === "active" && failures === 0;

/** Whether the event has arrived; if not, it is still the next one. */
export function isDelivered({ status = 0 }: Pick<CallbackAnswer, "status">): boolean {
  return status >= 200 && status < 300;
}

/** The answers that may be about the event and not about the callback. A flow that is off answers 400 to everything. */
const REFUSALS = [400, 413, 415, 422];
export function isRefusal(answer: CallbackAnswer): boolean {
  return REFUSALS.includes(answer.status ?? 0) && !isSwitchedOff(answer);
}

/** What was sent: the place of the event, if it was one alone, and what is done with events that are refused. */
type Sending = { seq?: number; policy?: SubscriptionInDetail["policy"]; now: number; random: () => number };

/**
 * Decides what an answer means: 2xx is success. Anything else is tried again after pauses that double, each between half
 * and whole, or after `Retry-After` if that is longer. The subscriber is given up when it has answered nothing but 404 or
 * 410 three times over a minute, or has failed for a week. Azure answers `WorkflowTriggerIsNotEnabled` for a flow that is
 * off or deleted.
 *
 * @param now milliseconds since the epoch
 * @param random uniform in [0, 1)
 */
export function afterAnswer(
  standing: Standing,
  answer: CallbackAnswer,
  { seq, policy, now, random }: Sending,
): Standing {
  const at = toIso(now);
  const lastAnswer = { at, status: answer.status, failure: answer.failure };
  if (isDelivered(answer)) return { ...FRESH, lastAnswer };

  const { failures, failingSince = at, gone, refused, parkedInARow } = standing;
  const mayPark = policy === "park" && seq !== undefined && (parkedInARow ?? 0) < PARKED_IN_A_ROW;
  const isRefused = mayPark && isRefusal(answer);
  const refusals = (refused?.seq === seq ? (refused?.count ?? 0) : 0) + Number(isRefused);
  const failed: Standing = {
    state: "retrying",
    failures: failures + 1,
    failingSince,
    ...(saysGone(answer) && { gone: { count: (gone?.count ?? 0) + 1, since: gone?.since ?? at } }),
    ...(mayPark && refusals > 0 && { refused: { seq, count: refusals } }),
    ...(parkedInARow && { parkedInARow }),
    lastAnswer,
  };
  if (isGoneForGood(failed.gone, now) || now - Date.parse(failingSince) >= GIVE_UP_AFTER_MS) {
    return { ...failed, state: "given_up" };
  }
  // Its events follow one by one in the same run: after a long pause, another run would send the batch again, for ever.
  const isRefusedBatch = seq === undefined && isRefusal(answer);
  const pause = isRefusedBatch
    ? growing(FIRST_PAUSE_MS, 1, random)
    : isRefused
      ? growing(REFUSED_PAUSE_MS, refusals, random)
      : growing(isSwitchedOff(answer) ? SWITCHED_OFF_PAUSE_MS : FIRST_PAUSE_MS, failed.failures, random);
  const whole = Math.min(Math.max(pause, asksFor(answer)), LONGEST_PAUSE_MS);
  return { ...failed, nextAttemptAt: toIso(now + whole) };
}

/** Whether the event that was sent last is to be parked. */
export function isToBeParked({ refused }: Standing): boolean {
  return refused !== undefined && refused.count >= PARK_ANSWERS;
}

/** The state after an event was parked: the next event is sent at once. */
export function afterParking({ lastAnswer, parkedInARow = 0 }: Standing): Standing {
  return { ...FRESH, parkedInARow: parkedInARow + 1, lastAnswer };
}

const saysGone = ({ status }: CallbackAnswer) => status === 404 || status === 410;

function isGoneForGood(gone: Standing["gone"], now: number): boolean {
  return gone !== undefined && gone.count >= GONE_ANSWERS && now - Date.parse(gone.since) >= GONE_AFTER_MS;
}

const isSwitchedOff = ({ code }: CallbackAnswer) => code === "WorkflowTriggerIsNotEnabled";

function growing(first: number, failures: number, random: () => number): number {
  return backOff(failures, { first, longest: LONGEST_PAUSE_MS }, 0.5 + random() / 2);
}

function asksFor({ status, retryAfter = 0 }: CallbackAnswer): number {
  return status === 429 || status === 503 ? retryAfter : 0;
}
