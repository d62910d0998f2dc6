import { backOff } from "../core/back-off.ts";
import { SECOND } from "../core/time.ts";
import { LONGEST_WAIT } from "./retry.ts";

/** Pauses after 429s that do not say how long. */
const PAUSES = { first: SECOND, longest: LONGEST_WAIT };

/**
 * Learns from 429s. A 429 is about the account, so all calls pause. Afterwards half as many calls run in parallel, and
 * one more after each successful round (additive increase, multiplicative decrease, as in TCP). So a burst does not
 * waste its calls on the next refusal.
 */
export class Throttle {
  /** No call may be sent before this time, in milliseconds by `now`. */
  pausedUntil = Number.NEGATIVE_INFINITY;
  /** How many calls may be in flight. */
  width: number;
  /**
   * Grows with each pause. A call remembers the round it was sent in, so ten refusals of one round count as one pause.
   */
  round = 0;
  readonly #widest: number;
  readonly #random: () => number;
  readonly #now: () => number;
  #refusals = 0;
  #credit = 0;

  constructor(widest: number, random: () => number, now: () => number) {
    this.#widest = widest;
    this.width = widest;
    this.#random = random;
    this.#now = now;
  }

  /** A call ended with any result but a 429. */
  passed(): void {
    this.#refusals = 0;
    this.#credit += 1;
    if (this.#credit < this.width) return;
    this.#credit = 0;
    this.width = Math.min(this.#widest, this.width + 1);
  }

  /**
   * A call ended with a 429.
   *
   * @param round the round that the call was sent in
   * @param retryAfter the wait that LiveChat asks for, in milliseconds; when it turns out too short, we back off
   */
  refused(round: number, retryAfter?: number): void {
    let pause = retryAfter ?? 0;
    if (round === this.round) {
      this.round += 1;
      this.#refusals += 1;
      this.#credit = 0;
      this.width = Math.max(1, Math.floor(this.width / 2));
      if (retryAfter === undefined || this.#refusals > 1) {
        pause = Math.max(pause, backOff(this.#refusals, PAUSES, this.#random()));
      }
    }
    this.pausedUntil = Math.max(this.pausedUntil, Math.ceil(this.#now() + pause));
  }
}
