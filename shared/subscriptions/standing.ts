import { toIso } from "../core/time.ts";
import { backOff } from "../core/wait.ts";
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

/** The state of the deliveries to a subscriber. Times are ISO 8601 in UTC with milliseconds. */
export type Standing = Pick<SubscriptionInDetail, "state" | "failures" | "nextAttemptAt" | "lastAnswer"> & {
  /** The time of the first failure since the last success. */
  failingSince?: string;
  /** The number of 404 and 410 answers in a row, and the time of the first one. */
  gone?: { count: number; since: string };
  /** How often the callback has refused the event at the place `seq`. */
  refused?: { seq: number; count: number };
  /** How many events were parked since the last delivered one. */
  parkedInARow?: number;
};

/** The standing without failures. */
export const FRESH: Standing = { state: "active", failures: 0 };
export const isFresh = ({ state, failures }: Standing): boolean => state === "active" && failures === 0;

/** Whether an answer means success. */
export function isDelivered({ status = 0 }: Pick<CallbackAnswer, "status">): boolean {
  return status >= 200 && status < 300;
}

const REFUSALS = [400, 413, 415, 422];
/** Whether the cause of an answer may be the event. A flow that is turned off answers 400 to every event. */
export function isRefusal(answer: CallbackAnswer): boolean {
  return REFUSALS.includes(answer.status ?? 0) && !isSwitchedOff(answer);
}

type Sending = {
  /** The place of the event; absent for a batch. */
  seq?: number;
  /** Whether a refused event may be parked. */
  policy?: SubscriptionInDetail["policy"];
  /** Milliseconds since the epoch. */
  now: number;
  /** Uniform in [0, 1). */
  random: () => number;
};

/**
 * The standing after an answer. 2xx is success. After any other answer the event is sent again. The pause doubles with
 * each failure, with jitter from half to the whole pause; a longer `Retry-After` replaces it. The subscription is given
 * up after a week of failures, or after three answers 404 or 410 in a row over at least a minute. A flow that is turned
 * off or deleted answers `WorkflowTriggerIsNotEnabled`.
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
  const pause = Math.min(Math.max(ownPause(), askedPause(answer)), LONGEST_PAUSE_MS);
  return { ...failed, nextAttemptAt: toIso(now + pause) };

  function ownPause(): number {
    // Only this run remembers to send the events of the refused batch one by one. So the pause is short: a later run
    // would send the whole batch again, forever.
    if (seq === undefined && isRefusal(answer)) return growingPause(FIRST_PAUSE_MS, 1, random);
    if (isRefused) return growingPause(REFUSED_PAUSE_MS, refusals, random);
    return growingPause(isSwitchedOff(answer) ? SWITCHED_OFF_PAUSE_MS : FIRST_PAUSE_MS, failures + 1, random);
  }
}

/** Whether the refused event must be parked now. */
export function isToBeParked({ refused }: Standing): boolean {
  return refused !== undefined && refused.count >= PARK_ANSWERS;
}

/** The standing after an event was parked: the next event is sent at once. */
export function afterParking({ lastAnswer, parkedInARow = 0 }: Standing): Standing {
  return { ...FRESH, parkedInARow: parkedInARow + 1, lastAnswer };
}

const saysGone = ({ status }: CallbackAnswer) => status === 404 || status === 410;

function isGoneForGood(gone: Standing["gone"], now: number): boolean {
  return gone !== undefined && gone.count >= GONE_ANSWERS && now - Date.parse(gone.since) >= GONE_AFTER_MS;
}

const isSwitchedOff = ({ code }: CallbackAnswer) => code === "WorkflowTriggerIsNotEnabled";

function growingPause(first: number, failures: number, random: () => number): number {
  return backOff(failures, { first, longest: LONGEST_PAUSE_MS }, 0.5 + random() / 2);
}

function askedPause({ status, retryAfter = 0 }: CallbackAnswer): number {
  return status === 429 || status === 503 ? retryAfter : 0;
}
