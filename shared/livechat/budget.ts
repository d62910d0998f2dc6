import { once } from "node:events";
import PQueue from "p-queue";
import { TooManyRequests } from "../core/errors.ts";
import { delay } from "./delay.ts";
import { Throttled } from "./failure.ts";
import { Throttle } from "./throttle.ts";

/** Somebody waits for an operator's call; nobody waits for a background one. */
export type Priority = "operator" | "background";

/**
 * The limit is per 60 s, counted where calls arrive. Two of them can arrive a little closer together than they left
 * (the first had to connect), so a second more is kept between them. In milliseconds.
 */
const WINDOW = 61_000;
/** The part of the limit that background calls leave to operators. */
const RESERVE = 0.2;
const LONGEST_TIMER = 2 ** 31 - 1;
const LIVECHATS_LIMIT = "LiveChat's limit is used up.";
const BUSY = "The calls to LiveChat that are under way take too long.";

export type Turn = {
  priority: Priority;
  /** A repetition goes before what came later: it has less time left. */
  repeated: boolean;
  /** When the call must have been sent, in epoch milliseconds. */
  startBy: number;
  signal?: AbortSignal;
};

export type Usage = {
  /** Calls that may be sent in 60 s. */
  limit: number;
  /** Calls that were sent in the last minute, and count towards it. */
  used: number;
  inFlight: number;
  waiting: number;
  /** How long LiveChat's last 429 still holds all calls back, in milliseconds. */
  pausedFor: number;
};

export type Budget = {
  /**
   * Sends a call when it is its turn, and counts it. It is given up as soon as it is clear that it cannot be sent in
   * time, which can be at once.
   *
   * @throws {TooManyRequests} when its turn would come too late, with the seconds until then; else what `send` throws
   */
  spend<T>(send: () => Promise<T>, turn: Turn): Promise<T>;
  usage(): Usage;
};

type Waiter = {
  background: boolean;
  rank: number;
  startBy: number;
  refuse(start: number, why: string): void;
};

/**
 * Keeps this process to `limit` calls in 60 s and `inFlight` at once, operators first. Background calls go one at a
 * time and only while four fifths of the limit or less are used, so that a burst of operators always finds room.
 */
export function createBudget(limit: number, { inFlight = 10, random = Math.random } = {}): Budget {
  const backgroundLimit = Math.max(1, Math.floor(limit * (1 - RESERVE)));
  const throttle = new Throttle(inFlight, random);
  const queue = new PQueue({ concurrency: inFlight, interval: WINDOW, intervalCap: limit, strict: true });
  const background = new PQueue({ concurrency: 1 });
  const ownLimit = `This app's limit of ${limit} calls to LiveChat in 60 seconds is used up.`;
  const line = new Set<Waiter>();
  /** When the last `limit` calls were sent. p-queue, which enforces it, does not tell. */
  const starts: number[] = [];
  let resume: NodeJS.Timeout | undefined;

  async function spend<T>(send: () => Promise<T>, turn: Turn): Promise<T> {
    const { priority, repeated, startBy } = turn;
    const refusal = new AbortController();
    const signal = turn.signal ? AbortSignal.any([turn.signal, refusal.signal]) : refusal.signal;
    const waiter: Waiter = {
      background: priority === "background",
      rank: (priority === "operator" ? 2 : 0) + (repeated ? 1 : 0),
      startBy,
      refuse: (start, why) => refusal.abort(tooLate(start, why)),
    };
    // How long the calls in flight take cannot be foreseen. A turn that comes at the last moment is taken.
    const timer = setTimeout(
      () => waiter.refuse(Date.now(), BUSY),
      Math.min(startBy - Date.now() + 1, LONGEST_TIMER),
    );
    const leaveLine = () => {
      clearTimeout(timer);
      line.delete(waiter);
    };
    line.add(waiter);
    review();
    const options = { priority: waiter.rank, signal };
    const enter = () =>
      queue.add(() => {
        leaveLine();
        starts.push(Date.now());
        if (starts.length > limit) starts.shift();
        return watch(send);
      }, options);
    try {
      if (!waiter.background) return await enter();
      return await background.add(() => whenThereIsRoom(signal).then(enter), options);
    } finally {
      leaveLine();
    }
  }

  /** Sends, and learns from the answer. */
  async function watch<T>(send: () => Promise<T>): Promise<T> {
    const { round } = throttle;
    try {
      return await send();
    } catch (error) {
      if (error instanceof Throttled) throttle.refused(round, error.asksFor);
      throw error;
    } finally {
      if (throttle.round === round) throttle.passed();
      adjust();
    }
  }

  /** Holds the queue to what was learned. Pausing comes first, since more width would let calls go. */
  function adjust(): void {
    const pause = throttle.pausedUntil - Date.now();
    if (pause > 0) {
      queue.pause();
      clearTimeout(resume);
      resume = setTimeout(() => queue.start(), pause);
      review();
    }
    if (queue.concurrency !== throttle.width) queue.concurrency = throttle.width;
  }

  /** Works out when each call in line could be sent at the earliest, and refuses those for which that is too late. */
  function review(): void {
    const timetable = [...starts];
    for (const waiter of [...line].sort((a, b) => b.rank - a.rank)) {
      const start = earliest(timetable, waiter.background ? backgroundLimit : limit);
      if (start <= waiter.startBy) timetable.push(start);
      else
        waiter.refuse(
          start,
          start === throttle.pausedUntil ? LIVECHATS_LIMIT : start > Date.now() ? ownLimit : BUSY,
        );
    }
  }

  function earliest(timetable: readonly number[], most: number): number {
    return Math.max(Date.now(), throttle.pausedUntil, (timetable.at(-most) ?? 0) + WINDOW);
  }

  /**
   * Lets a background call go when it can be sent at once, and leaves the reserve whole. An operator in line needs no
   * mention: it takes a free place as soon as there is one.
   */
  async function whenThereIsRoom(signal: AbortSignal): Promise<void> {
    for (;;) {
      const wait = earliest(starts, backgroundLimit) - Date.now();
      if (wait > 0) await delay(wait, signal);
      else if (queue.pending >= queue.concurrency) await once(queue, "next", { signal });
      else return;
    }
  }

  function usage(): Usage {
    const now = Date.now();
    return {
      limit,
      used: starts.filter((start) => start + WINDOW > now).length,
      inFlight: queue.pending,
      waiting: line.size,
      pausedFor: Math.max(0, throttle.pausedUntil - now),
    };
  }

  return { spend, usage };
}

function tooLate(start: number, why: string): TooManyRequests {
  const seconds = Math.max(1, Math.ceil((start - Date.now()) / 1000));
  return new TooManyRequests(`${why} Try again in ${seconds} s.`, { retryAfter: seconds });
}
