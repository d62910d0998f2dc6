import { TooManyRequests } from "../core/errors.ts";
import { Slowdown, Throttled } from "./after-429.ts";
import { type Priority, planTurns, RATE_WINDOW, type WaitingCall } from "./plan-turns.ts";

/** The longest time that `setTimeout` accepts, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

type TurnRequest = {
  priority: Priority;
  /** A repetition is sent before new calls, because it has less time left. */
  repeated: boolean;
  /** The longest wait for the turn, in milliseconds. */
  patience: number;
  signal?: AbortSignal;
};

type Waiter = WaitingCall & {
  /** Calls with a higher rank are sent first. */
  rank: number;
  send(): void;
  refuse(error: unknown): void;
};

export type Usage = ReturnType<RateLimit["usage"]>;

/**
 * Limits this process to `limit` calls of a service in 60 s, and to `concurrency` calls at once. Calls of operators go
 * first. After a 429 all calls pause. `planTurns` decides; this class sends, counts and refuses.
 *
 * Times are by the steady clock, so a wall clock that is set back does not delay calls.
 */
export class RateLimit {
  readonly #service: string;
  readonly #now: () => number;
  readonly #slowdown: Slowdown;
  readonly #sent: { limit: number; sendTimes: number[]; inFlight: Record<Priority, number> };
  /** The waiting calls, the next one first. */
  #line: Waiter[] = [];
  #timer?: NodeJS.Timeout;

  /** @param service the name of the service in messages */
  constructor(
    service: string,
    limit: number,
    { concurrency = 10, random = Math.random, now = steadyClock } = {},
  ) {
    this.#service = service;
    this.#now = now;
    this.#sent = { limit, sendTimes: [], inFlight: { operator: 0, background: 0 } };
    this.#slowdown = new Slowdown(concurrency, random, now);
  }

  /**
   * Sends a call when its turn comes, and counts it. Refuses the call as soon as its turn is known to come too late,
   * possibly at once.
   *
   * @throws {TooManyRequests} with the seconds until the turn, when the turn comes too late
   * @throws the error of `send`
   */
  async run<T>(send: () => Promise<T>, turn: TurnRequest): Promise<T> {
    await this.#waitFor(turn);
    const { round } = this.#slowdown;
    try {
      return await send();
    } catch (error) {
      if (error instanceof Throttled) this.#slowdown.callThrottled(round, error.pause);
      throw error;
    } finally {
      if (this.#slowdown.round === round) this.#slowdown.callPassed();
      this.#sent.inFlight[turn.priority] -= 1;
      this.#advance();
    }
  }

  usage() {
    const now = this.#now();
    const { limit, sendTimes, inFlight } = this.#sent;
    return {
      /** Calls that may be sent in 60 s. */
      limit,
      /** Calls that were sent in the last minute, and count towards the limit. */
      used: sendTimes.filter((time) => time + RATE_WINDOW > now).length,
      inFlight: inFlight.operator + inFlight.background,
      waiting: this.#line.length,
      /** Milliseconds until the pause after LiveChat's last 429 ends. */
      pausedFor: Math.max(0, this.#slowdown.pausedUntil - now),
    };
  }

  /** Resolves when the call may be sent. From then on it is counted. */
  async #waitFor({ priority, repeated, patience, signal }: TurnRequest): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = {
      priority,
      rank: (priority === "operator" ? 2 : 0) + (repeated ? 1 : 0),
      startBy: this.#now() + patience,
      send: resolve,
      refuse: reject,
    };
    const leave = () => {
      this.#line = this.#line.filter((other) => other !== waiter);
      reject(signal?.reason);
      this.#advance();
    };
    signal?.addEventListener("abort", leave, { once: true });
    this.#line = [...this.#line, waiter].sort((a, b) => b.rank - a.rank);
    this.#advance();
    await promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  /** Does what `planTurns` decides, and sets the timer for the next decision. */
  #advance(): void {
    clearTimeout(this.#timer);
    const now = this.#now();
    const { concurrency, pausedUntil } = this.#slowdown;
    const { limit, sendTimes, inFlight } = this.#sent;
    const traffic = { now, limit, sendTimes, inFlight, concurrency, pausedUntil };
    const { send, refuse, wait, planAgainAt } = planTurns(this.#line, traffic);
    this.#line = wait;
    for (const { call, turnAt } of refuse) call.refuse(this.#tooLate(turnAt, now));
    for (const call of send) {
      sendTimes.push(now);
      if (sendTimes.length > limit) sendTimes.shift();
      inFlight[call.priority] += 1;
      call.send();
    }
    if (wait.length === 0) return;
    this.#timer = setTimeout(() => this.#advance(), Math.min(Math.max(1, planAgainAt - now), LONGEST_TIMER));
  }

  /** Makes the error of a call whose turn would come at `turnAt`, with the reason. */
  #tooLate(turnAt: number, now: number): TooManyRequests {
    const seconds = Math.max(1, Math.ceil((turnAt - now) / 1000));
    let reason = `The calls to ${this.#service} that are under way take too long.`;
    if (turnAt === this.#slowdown.pausedUntil) reason = `${this.#service}'s limit is used up.`;
    else if (turnAt > now) {
      reason = `This app's limit of ${this.#sent.limit} calls to ${this.#service} in 60 seconds is used up.`;
    }
    return new TooManyRequests(`${reason} Try again in ${seconds} s.`, { retryAfter: seconds });
  }
}

/** The steady clock in whole milliseconds, because sums of whole numbers compare exactly. */
function steadyClock(): number {
  return Math.floor(performance.now());
}
