import { MINUTE, SECOND } from "../core/time.ts";

/** A person waits for an operator's call. Background calls come from timers. */
export type Priority = "operator" | "background";

/** A call that waits for its turn. */
export type WaitingCall = {
  priority: Priority;
  /** The last time at which it may be sent. */
  startBy: number;
};

/** The facts that decide when calls may be sent. Times are milliseconds by one steady clock. */
export type Traffic = {
  now: number;
  /** How many calls may be sent in 60 s. */
  limit: number;
  /** When the last `limit` calls were sent, in order. */
  starts: readonly number[];
  /** How many calls are in flight. */
  inFlight: Readonly<Record<Priority, number>>;
  /** How many calls may be in flight. */
  concurrency: number;
  /** The end of the pause after a 429. */
  pausedUntil: number;
};

type Turns<Call> = {
  send: Call[];
  /** Calls whose turn comes too late, and when it would come. */
  refuse: { call: Call; turnAt: number }[];
  /** The calls that go on waiting, in their order. */
  wait: Call[];
  /** When the turns must be planned again. It may be earlier: when a call ends, arrives or leaves. */
  planAgainAt: number;
};

/**
 * The limit is per 60 s, counted where calls arrive. Two calls can arrive a little closer together than they were sent,
 * because the first had to connect. So a second is added. In milliseconds.
 */
export const RATE_WINDOW = MINUTE + SECOND;
/** The part of the limit that background calls leave to operators. */
const OPERATORS_SHARE = 0.2;

/**
 * Decides which of the waiting calls are sent now, and which are refused because they would be sent too late. Background
 * calls are sent one at a time, and only while at most four fifths of the limit are used, so operators always have room.
 *
 * @param waiting the calls in the order in which they may be sent
 */
export function planTurns<Call extends WaitingCall>(waiting: readonly Call[], traffic: Traffic): Turns<Call> {
  const { now, limit, pausedUntil } = traffic;
  const backgroundLimit = Math.max(1, Math.floor(limit * (1 - OPERATORS_SHARE)));
  /** The earliest time that the limit and the pause allow. */
  const earliest = ({ priority }: Call, starts: readonly number[]) => {
    const last = starts.at(priority === "background" ? -backgroundLimit : -limit) ?? Number.NEGATIVE_INFINITY;
    return Math.max(now, pausedUntil, last + RATE_WINDOW);
  };

  // The duration of calls in flight is unknown, so a call is refused only for the limit or a pause.
  const wait: Call[] = [];
  const refuse: Turns<Call>["refuse"] = [];
  const timetable = [...traffic.starts];
  for (const call of waiting) {
    const turnAt = earliest(call, timetable);
    if (turnAt > call.startBy) refuse.push({ call, turnAt });
    else {
      wait.push(call);
      timetable.push(turnAt);
    }
  }

  const send: Call[] = [];
  const starts = [...traffic.starts];
  const inFlight = { ...traffic.inFlight };
  /** When a call may be sent; `Infinity` while that depends on a call in flight. */
  const turnOf = (call: Call) => {
    const isFull = inFlight.operator + inFlight.background >= traffic.concurrency;
    const isBlocked = isFull || (call.priority === "background" && inFlight.background > 0);
    return isBlocked ? Number.POSITIVE_INFINITY : earliest(call, starts);
  };
  for (let call = wait[0]; call && turnOf(call) <= now; call = wait[0]) {
    wait.shift();
    send.push(call);
    starts.push(now);
    inFlight[call.priority] += 1;
  }
  const nextTurn = wait[0] ? turnOf(wait[0]) : Number.POSITIVE_INFINITY;
  // A turn at the last moment is taken. After that moment the call is refused.
  return { send, refuse, wait, planAgainAt: Math.min(nextTurn, ...wait.map(({ startBy }) => startBy + 1)) };
}
