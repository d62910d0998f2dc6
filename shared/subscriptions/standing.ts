import type { Answer } from "./post.ts";

/** How it stands between us and a subscriber. Moments are ISO 8601 in UTC with milliseconds. */
export type Standing = {
  /** `given_up` is for a person to look at: nothing is sent until somebody resumes it. */
  state: "active" | "retrying" | "given_up";
  /** How often in a row it failed. */
  failures: number;
  /** When the first of them was. */
  failingSince?: string;
  /** 404 or 410 answers in a row, and when the first of them came. */
  gone?: { count: number; since: string };
  /** Not before then. */
  nextAttemptAt?: string;
  lastAnswer?: { at: string; status?: number; failure?: string };
};

/** Nothing has gone wrong. */
export const FRESH: Standing = { state: "active", failures: 0 };
export const isFresh = ({ state, failures }: Standing): boolean => state === "active" && failures === 0;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The longest first pause: what failed by chance is over by then, and every event behind this one waits too. */
const FIRST_PAUSE = SECOND / 20;
/** The longest first pause for a flow that is off. It may be deleted as well, and nobody will tell. */
const SWITCHED_OFF_PAUSE = 15 * MINUTE;
const LONGEST_PAUSE = DAY;
/** Milliseconds of nothing but failures after which a subscriber is given up. */
export const GIVE_UP_AFTER = 7 * DAY;

/** Gateways that redeploy answer 404 too: this many answers in a row, over this many milliseconds, are believed. */
const GONE_ANSWERS = 3;
export const GONE_AFTER = MINUTE;

/** Whether the event has arrived; if not, it is still the next one. */
export function isDelivered(answer: Answer): boolean {
  return "status" in answer && answer.status >= 200 && answer.status < 300;
}

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
  { failures, failingSince, gone }: Standing,
  answer: Answer,
  { now, random }: { now: number; random: () => number },
): Standing {
  const at = new Date(now).toISOString();
  if (isDelivered(answer)) {
    return { state: "active", failures: 0, lastAnswer: { at, ...outcomeOf(answer) } };
  }
  const failed: Standing = {
    state: "retrying",
    failures: failures + 1,
    failingSince: failingSince ?? at,
    ...(saysGone(answer) && { gone: { count: (gone?.count ?? 0) + 1, since: gone?.since ?? at } }),
    lastAnswer: { at, ...outcomeOf(answer) },
  };
  if (isGone(failed.gone, now) || now - Date.parse(failed.failingSince ?? at) >= GIVE_UP_AFTER) {
    return { ...failed, state: "given_up" };
  }
  const pause = Math.max(backOff(failed.failures, answer, random), asksFor(answer));
  return { ...failed, nextAttemptAt: new Date(now + Math.min(pause, LONGEST_PAUSE)).toISOString() };
}

function saysGone(answer: Answer): boolean {
  return "status" in answer && (answer.status === 404 || answer.status === 410);
}

function isGone(gone: Standing["gone"], now: number): boolean {
  return gone !== undefined && gone.count >= GONE_ANSWERS && now - Date.parse(gone.since) >= GONE_AFTER;
}

function backOff(failures: number, answer: Answer, random: () => number): number {
  const switchedOff = "code" in answer && answer.code === "WorkflowTriggerIsNotEnabled";
  const first = switchedOff ? SWITCHED_OFF_PAUSE : FIRST_PAUSE;
  return Math.min(LONGEST_PAUSE, first * 2 ** (failures - 1)) * (0.5 + random() / 2);
}

function asksFor(answer: Answer): number {
  const mayAsk = "status" in answer && (answer.status === 429 || answer.status === 503);
  return mayAsk ? (answer.retryAfter ?? 0) : 0;
}

function outcomeOf(answer: Answer): { status: number } | { failure: string } {
  return "status" in answer ? { status: answer.status } : { failure: answer.failure };
}
