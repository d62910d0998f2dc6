import { TooManyRequests } from "../core/errors.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import { LIVECHAT, Throttled } from "./failure.ts";
import { Throttle } from "./throttle.ts";

/** A person waits for an operator's call. Background calls come from timers. */
export type Priority = "operator" | "background";

/**
 * The limit is per 60 s, counted where calls arrive. Two of them can arrive a little closer together than they left
 * (the first had to connect), so a second more is kept between them. In milliseconds.
 */
const RATE_WINDOW = MINUTE + SECOND;
/** The part of the limit that background calls leave to operators. */
const RESERVE = 0.2;
const LONGEST_TIMER = 2 ** 31 - 1;

type Turn = {
  priority: Priority;
  /** A repetition goes before later calls, since it has less time left. */
  repeated: boolean;
  /** How long it may wait to be sent, in milliseconds. */
  patience: number;
  signal?: AbortSignal;
};

export type Budget = ReturnType<typeof createBudget>;
export type Usage = ReturnType<Budget["usage"]>;

type Waiter = {
  background: boolean;
  rank: number;
  startBy: number;
  go(): void;
  refuse(error: unknown): void;
};

/**
 * Keeps this process to `limit` calls in 60 s and `inFlight` at once, operators first. Background calls run one at a
 * time, and only while at most four fifths of the limit are used, so a burst of operators always has room.
 *
 * Times are of the steady clock, so that a wall clock that is put back does not hold calls up.
 */
export function createBudget(
  limit: number,
  { inFlight: widest = 10, random = Math.random, now = steadyClock, name = LIVECHAT } = {},
) {
  const backgroundLimit = Math.max(1, Math.floor(limit * (1 - RESERVE)));
  const throttle = new Throttle(widest, random, now);
  /** The calls that wait, in the order in which they may go. */
  const line: Waiter[] = [];
  /** When the last `limit` calls were sent. */
  const starts: number[] = [];
  const inFlight = { operator: 0, background: 0 };
  let timer: NodeJS.Timeout | undefined;

  /**
   * Sends a call when it is its turn, and counts it. It is refused as soon as its turn is known to come too late,
   * possibly at once.
   *
   * @throws {TooManyRequests} with the seconds until its turn, when that is too late
   * @throws the error of `send`
   */
  async function spend<T>(send: () => Promise<T>, turn: Turn): Promise<T> {
    const { priority } = turn;
    await waitFor(turn);
    const { round } = throttle;
    try {
      return await send();
    } catch (error) {
      if (error instanceof Throttled) throttle.refused(round, error.asksFor);
      throw error;
    } finally {
      if (throttle.round === round) throttle.passed();
      inFlight[priority] -= 1;
      advance();
    }
  }

  /** Resolves when the call may go. From then on it is counted. */
  async function waitFor({ priority, repeated, patience, signal }: Turn): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      background: priority === "background",
      rank: (priority === "operator" ? 2 : 0) + (repeated ? 1 : 0),
      startBy: now() + patience,
      go() {
        starts.push(now());
        if (starts.length > limit) starts.shift();
        inFlight[priority] += 1;
        resolve();
      },
      refuse: reject,
    };
    const leave = () => {
      const place = line.indexOf(waiter);
      if (place >= 0) line.splice(place, 1);
      reject(signal?.reason);
      advance();
    };
    signal?.addEventListener("abort", leave, { once: true });
    const behind = line.findIndex(({ rank }) => rank < waiter.rank);
    line.splice(behind < 0 ? line.length : behind, 0, waiter);
    advance();
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  /** Refuses calls that cannot be sent in time, sends those whose turn has come, and sets the timer for the next. */
  function advance(): void {
    clearTimeout(timer);
    const time = now();
    refuseLate(time);
    while (line[0] && turnOf(line[0]) <= time) line.shift()?.go();
    // A turn that comes at the last moment is taken; after that the call is refused.
    const next = Math.min(line[0] ? turnOf(line[0]) : Infinity, ...line.map(({ startBy }) => startBy + 1));
    if (line.length > 0) timer = setTimeout(advance, Math.min(Math.max(1, next - time), LONGEST_TIMER));
  }

  /** Computes the earliest time at which each call could be sent. The duration of calls in flight is unknown. */
  function refuseLate(time: number): void {
    const timetable = [...starts];
    for (const waiter of [...line]) {
      const start = earliest(time, timetable, waiter);
      if (start <= waiter.startBy) timetable.push(start);
      else {
        line.splice(line.indexOf(waiter), 1);
        waiter.refuse(tooLate(start - time, reasonFor(start, time)));
      }
    }
  }

  /** When the first in line may go; `Infinity` while that depends on a call in flight. */
  function turnOf(waiter: Waiter): number {
    const isFull = inFlight.operator + inFlight.background >= throttle.width;
    if (isFull || (waiter.background && inFlight.background > 0)) return Number.POSITIVE_INFINITY;
    return earliest(now(), starts, waiter);
  }

  function earliest(time: number, timetable: readonly number[], { background }: Waiter): number {
    const last = timetable.at(background ? -backgroundLimit : -limit) ?? Number.NEGATIVE_INFINITY;
    return Math.max(time, throttle.pausedUntil, last + RATE_WINDOW);
  }

  function reasonFor(start: number, time: number): string {
    if (start === throttle.pausedUntil) return `${name}'s limit is used up.`;
    if (start > time) return `This app's limit of ${limit} calls to ${name} in 60 seconds is used up.`;
    return `The calls to ${name} that are under way take too long.`;
  }

  function usage() {
    const time = now();
    return {
      /** Calls that may be sent in 60 s. */
      limit,
      /** Calls that were sent in the last minute, and count towards it. */
      used: starts.filter((start) => start + RATE_WINDOW > time).length,
      inFlight: inFlight.operator + inFlight.background,
      waiting: line.length,
      /** Milliseconds for which LiveChat's last 429 still delays all calls. */
      pausedFor: Math.max(0, throttle.pausedUntil - time),
    };
  }

  return { spend, usage };
}

/** Whole milliseconds since some moment: sums of whole numbers compare exactly. */
function steadyClock(): number {
  return Math.floor(performance.now());
}

function tooLate(wait: number, why: string): TooManyRequests {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return new TooManyRequests(`${why} Try again in ${seconds} s.`, { retryAfter: seconds });
}
