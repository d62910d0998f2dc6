import * as v from "valibot";
import { read } from "./refusal.ts";

/** The limit of calls: by default 100 in 60 seconds, as for Microsoft's connector. */
const Limits = v.object({
  /** The maximum number of calls with the same credentials within `window`. */
  limit: v.optional(v.number(), 100),
  /** The length of the period, in milliseconds. */
  window: v.optional(v.number(), 60_000),
  /** The form of `Retry-After` in a 429. Real servers use all three. */
  retryAfter: v.optional(v.picklist(["seconds", "date", "none"]), "seconds"),
});

export type Limits = v.InferOutput<typeof Limits>;

/**
 * Allows `limit` calls in any period of `window` milliseconds (a sliding window). This is the strictest reading of "100
 * calls a minute": a caller within it is also within a limit that starts again with each minute of the clock.
 */
export class Throttle {
  #limits: Limits;
  readonly #now: () => number;
  readonly #calls = new Map<string, number[]>();

  constructor(now: () => number, limits: Partial<Limits> = {}) {
    this.#now = now;
    this.#limits = read(Limits, limits);
  }

  get limits(): Limits {
    return this.#limits;
  }

  /** Changes the given limits, from the next call on. */
  set(limits: Partial<Limits>): Limits {
    this.#limits = read(Limits, { ...this.#limits, ...limits });
    return this.#limits;
  }

  /**
   * Counts a call. A refused call does not count.
   *
   * @returns the headers of the 429 for a call beyond the limit; `undefined` for a call that is allowed
   */
  count(credentials: string): Record<string, string> | undefined {
    const { limit, window, retryAfter } = this.#limits;
    const now = this.#now();
    const calls = (this.#calls.get(credentials) ?? []).filter((time) => time > now - window);
    this.#calls.set(credentials, calls);
    if (calls.length < limit) {
      calls.push(now);
      return undefined;
    }
    const free = (calls[calls.length - limit] ?? now) + window;
    const seconds = Math.ceil((free - now) / 1000);
    // A date has no fractions of a second. It is rounded up, so that the caller does not come too early.
    const date = new Date(Math.ceil(free / 1000) * 1000).toUTCString();
    const headers: Record<Limits["retryAfter"], Record<string, string>> = {
      seconds: { "Retry-After": String(seconds) },
      date: { "Retry-After": date },
      none: {},
    };
    return headers[retryAfter];
  }
}
