import { MINUTE, SECOND } from "../core/time.ts";

/** A person waits for the answer to an `operator` call. `background` calls come from timers. */
export type Priority = "operator" | "background";

/** A call that waits for its turn: it may be sent until `startBy`. */
export type WaitingCall = { priority: Priority; startBy: number };

/** The facts that decide when calls may be sent. Times are milliseconds by one steady clock. */
export type Traffic = {
  now: number;
  /** The largest number of calls in 60 s. */
  limit: number;
  /** The times of the last `limit` calls, in order. */
  sendTimes: readonly number[];
  inFlight: Readonly<Record<Priority, number>>;
  /** The largest number of calls in flight. */
  concurrency: number;
  /** The end of the pause after a 429. */
  pausedUntil: number;
};

/**
 * The window of the rate limit, in milliseconds: LiveChat's 60 s, and one more second. LiveChat counts calls when they
 * arrive. Two calls can arrive closer together than they were sent, because the first had to connect.
 */
export const RATE_WINDOW = MINUTE + SECOND;
/** The part of the limit that background calls leave to operators. */
const OPERATORS_SHARE = 0.2;

/**
 * Decides for each waiting call: it is sent now, is refused because its turn would come too late, or continues to wait.
 * Background calls are sent one at a time, and use at most four fifths of the limit, so operators always have room.
 *
 * @param waiting the calls, the next one first
 */
export function planTurns<Call extends WaitingCall>(waiting: readonly Call[], traffic: Traffic) {
  const { now, limit, pausedUntil, concurrency } = traffic;
  const backgroundLimit = Math.max(1, Math.floor(limit * (1 - OPERATORS_SHARE)));
  // The calls that were sent, and the turns of waiting calls: each turn reserves its place in the limit.
  const sendTimes = [...traffic.sendTimes];
  const inFlight = { ...traffic.inFlight };
  const send: Call[] = [];
  const wait: Call[] = [];
  const refuse: { call: Call; turnAt: number }[] = [];
  /** The time of the next plan, unless a call ends, arrives or leaves before. */
  let planAgainAt = Number.POSITIVE_INFINITY;
  for (const call of waiting) {
    const isBackground = call.priority === "background";
    const last = sendTimes.at(isBackground ? -backgroundLimit : -limit) ?? Number.NEGATIVE_INFINITY;
    const turnAt = Math.max(now, pausedUntil, last + RATE_WINDOW);
    if (turnAt > call.startBy) {
      refuse.push({ call, turnAt });
      continue;
    }
    sendTimes.push(turnAt);
    // The end of calls in flight is unknown. So for a call that waits for one, `turnAt` is only the earliest possible time.
    const isFull = inFlight.operator + inFlight.background >= concurrency;
    const isNext = wait.length === 0 && !isFull && !(isBackground && inFlight.background > 0);
    if (isNext && turnAt === now) {
      send.push(call);
      inFlight[call.priority] += 1;
      continue;
    }
    wait.push(call);
    // A turn at the last moment is taken. After that moment the call is refused.
    planAgainAt = Math.min(planAgainAt, call.startBy + 1, isNext ? turnAt : Number.POSITIVE_INFINITY);
  }
  return { send, refuse, wait, planAgainAt };
}
