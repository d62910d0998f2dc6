import { TooManyRequests } from "../core/errors.ts";
import type { Lease } from "../storage/lease.ts";

/** The run is over before its work is: the next one goes on. */
export class RunEnded extends Error {
  readonly outcome: "stopped" | "throttled";

  constructor(outcome: "stopped" | "throttled") {
    super(`The run is ${outcome}`);
    this.outcome = outcome;
  }
}

/** Milliseconds between two renewals of the lease; a third of how long it holds. */
export const RENEWAL = 10_000;
/** So often in a row a run waits for the rate limit before it leaves the rest to the next run. */
const WAITS = 3;

export type PaceOptions = {
  /** Milliseconds after which no further call is made. */
  budgetMs: number;
  now: () => number;
  wait: (ms: number) => Promise<unknown>;
};

/** Keeps a run within its time, and holds its lease meanwhile. */
export class Pace {
  /** Calls that were answered, or failed. */
  calls = 0;
  /** Milliseconds spent waiting for the rate limit between calls. */
  waitedMs = 0;
  readonly startedAt: number;
  readonly #lease: Lease;
  readonly #options: PaceOptions;
  #renewedAt: number;

  constructor(lease: Lease, options: PaceOptions) {
    this.#lease = lease;
    this.#options = options;
    this.startedAt = options.now();
    this.#renewedAt = this.startedAt;
  }

  get elapsedMs(): number {
    return this.#options.now() - this.startedAt;
  }

  /** @throws RunEnded at the end of the budget */
  checkTime(): void {
    if (this.elapsedMs >= this.#options.budgetMs) throw new RunEnded("stopped");
  }

  /** @throws Conflict when another run has taken over */
  async keepLease(): Promise<void> {
    const now = this.#options.now();
    if (now - this.#renewedAt < RENEWAL) return;
    await this.#lease.renew();
    this.#renewedAt = now;
  }

  /**
   * Makes a call, after a wait for the rate limit where that fits into the budget.
   *
   * @throws RunEnded at the end of the budget, or when the rate limit leaves no room within it
   */
  async call<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      this.checkTime();
      await this.keepLease();
      try {
        const answer = await send();
        this.calls++;
        return answer;
      } catch (error) {
        if (!(error instanceof TooManyRequests)) {
          this.calls++;
          throw error;
        }
        const ms = (error.retryAfter ?? Number.POSITIVE_INFINITY) * 1000;
        if (attempt === WAITS || this.elapsedMs + ms >= this.#options.budgetMs) {
          throw new RunEnded("throttled");
        }
        await this.#wait(ms);
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    const { now, wait } = this.#options;
    const from = now();
    for (let left = ms; left > 0; left = from + ms - now()) {
      await wait(Math.min(left, RENEWAL));
      await this.keepLease();
    }
    this.waitedMs += now() - from;
  }
}
