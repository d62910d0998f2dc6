import { TooManyRequests } from "../core/errors.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import { backOff } from "../core/wait.ts";

/**
 * The longest pause that a `Retry-After` causes, in milliseconds. A longer one is shortened, because LiveChat counts
 * calls by the minute.
 */
export const LONGEST_PAUSE = MINUTE;

/** Pauses after 429s without `Retry-After`, in milliseconds. */
const PAUSES_AFTER_429 = { first: SECOND, longest: LONGEST_PAUSE };

/** LiveChat's own 429, in contrast to our rate limit. */
export class Throttled extends TooManyRequests {
  /** LiveChat's `Retry-After` in milliseconds; absent when there was none. */
  readonly pause?: number;

  constructor(service: string, pause?: number) {
    super(`${service}'s limit is used up.`);
    this.pause = pause;
  }
}

/**
 * Slows down all calls after LiveChat's 429, because LiveChat limits the whole account. First all calls pause. Afterwards
 * half as many run in parallel, and one more after each successful round (additive increase, multiplicative decrease, as
 * in TCP). So the calls after the pause do not all get another 429.
 */
export class Slowdown {
  /** No call may be sent before this time, in milliseconds by `now`. */
  pausedUntil = Number.NEGATIVE_INFINITY;
  /** The largest number of calls in flight. */
  concurrency: number;
  /** Counts the pauses. A call remembers the round in which it was sent, so ten 429s of one round cause one pause. */
  round = 0;
  readonly #maxConcurrency: number;
  readonly #random: () => number;
  readonly #now: () => number;
  #throttledRounds = 0;
  #passedCalls = 0;

  constructor(maxConcurrency: number, random: () => number, now: () => number) {
    this.#maxConcurrency = maxConcurrency;
    this.concurrency = maxConcurrency;
    this.#random = random;
    this.#now = now;
  }

  /** Records a call that ended with any result but a 429. */
  callPassed(): void {
    this.#throttledRounds = 0;
    this.#passedCalls += 1;
    if (this.#passedCalls < this.concurrency) return;
    this.#passedCalls = 0;
    this.concurrency = Math.min(this.#maxConcurrency, this.concurrency + 1);
  }

  /**
   * Records a call that ended with a 429.
   *
   * @param round the round in which the call was sent
   * @param asked LiveChat's `Retry-After`, in milliseconds. The pause is longer when an earlier one was too short.
   */
  callThrottled(round: number, asked?: number): void {
    let pause = asked ?? 0;
    if (round === this.round) {
      this.round += 1;
      this.#throttledRounds += 1;
      this.#passedCalls = 0;
      this.concurrency = Math.max(1, Math.floor(this.concurrency / 2));
      if (asked === undefined || this.#throttledRounds > 1) {
        pause = Math.max(pause, backOff(this.#throttledRounds, PAUSES_AFTER_429, this.#random()));
      }
    }
    this.pausedUntil = Math.max(this.pausedUntil, Math.ceil(this.#now() + pause));
  }
}
