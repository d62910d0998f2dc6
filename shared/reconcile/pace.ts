import { setTimeout as delay } from "node:timers/promises";
import { TooManyRequests } from "../core/errors.ts";
import { SECOND } from "../core/time.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import type { Lease } from "../storage/lease.ts";

/** The run ends early; the next run continues its work. */
export class RunEnded extends Error {
  readonly outcome: "stopped" | "throttled";

  constructor(outcome: "stopped" | "throttled") {
    super(`The run is ${outcome}`);
    this.outcome = outcome;
  }
}

/** Milliseconds between two renewals of the lease: a third of the lease's duration. */
export const RENEWAL = 10 * SECOND;
/** How many times the rate limit may refuse a call before the run leaves the rest to the next run. */
const MAX_REFUSALS = 3;

export type PaceOptions = {
  /** Milliseconds since the epoch. */
  now: () => number;
  wait?: (ms: number) => Promise<unknown>;
  /** Milliseconds after which a run makes no further call. */
  budgetMs: number;
  /** Milliseconds that the source has waited for the rate limit in this run, for the report. */
  throttledMs?: () => number;
};

/** Keeps a run within its time limit, and renews its lease. */
export class Pace {
  readonly startedAt: number;
  readonly #lease: Lease;
  readonly #options: Required<PaceOptions>;
  /** Calls that were answered or failed. A call that the rate limit refused does not count. */
  #calls = 0;
  /** Milliseconds spent waiting for the rate limit between calls. */
  #waitedMs = 0;
  #renewedAt: number;

  constructor(lease: Lease, { now, wait = delay, budgetMs, throttledMs = () => 0 }: PaceOptions) {
    this.#lease = lease;
    this.#options = { now, wait, budgetMs, throttledMs };
    this.startedAt = now();
    this.#renewedAt = this.startedAt;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#options.now();
  }

  /** The time and the calls that the run has used so far. */
  spent(): Pick<RunReport, "durationMs" | "throttledMs" | "calls"> {
    const throttledMs = this.#waitedMs + this.#options.throttledMs();
    return { durationMs: this.#elapsedMs, throttledMs, calls: this.#calls };
  }

  get #elapsedMs(): number {
    return this.now() - this.startedAt;
  }

  /** @throws RunEnded at the end of the budget */
  checkTime(): void {
    if (this.#elapsedMs >= this.#options.budgetMs) throw new RunEnded("stopped");
  }

  /** @throws LeaseLost when another run has taken over */
  async keepLease(): Promise<void> {
    const now = this.now();
    if (now - this.#renewedAt < RENEWAL) return;
    await this.#lease.renew();
    this.#renewedAt = now;
  }

  /**
   * Makes a call. When the rate limit refuses it, the run waits and repeats it, if the wait fits into the budget.
   *
   * @throws RunEnded at the end of the budget, or when the wait does not fit into it
   */
  async call<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      this.checkTime();
      await this.keepLease();
      try {
        const answer = await send();
        this.#calls++;
        return answer;
      } catch (error) {
        if (!(error instanceof TooManyRequests)) {
          this.#calls++;
          throw error;
        }
        const ms = (error.retryAfter ?? Number.POSITIVE_INFINITY) * 1000;
        if (attempt === MAX_REFUSALS || this.#elapsedMs + ms >= this.#options.budgetMs) {
          throw new RunEnded("throttled");
        }
        await this.#wait(ms);
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    const from = this.now();
    for (let left = ms; left > 0; left = from + ms - this.now()) {
      await this.#options.wait(Math.min(left, RENEWAL));
      await this.keepLease();
    }
    this.#waitedMs += this.now() - from;
  }
}
