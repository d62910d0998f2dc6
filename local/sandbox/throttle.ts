import * as v from "valibot";
import { Refusal, read } from "./refusal.ts";

/** The connector's limit, unless told otherwise: 100 calls per connection in 60 seconds. */
const Limits = v.object({
  /** Calls that one set of credentials may make within `window`. */
  limit: v.optional(v.number(), 100),
  /** Milliseconds. */
  window: v.optional(v.number(), 60_000),
  /** How a 429 tells when to come back. All three are met in the wild. */
  retryAfter: v.optional(v.picklist(["seconds", "date", "none"]), "seconds"),
});

export type Limits = v.InferOutput<typeof Limits>;

/**
 * Lets no more calls through than the limit in any window, wherever it begins: the strictest reading of "per minute": a
 * caller that passes here also passes a limit that counts by the clock's minutes.
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

  /** Changes the limits named, from the next call on. */
  set(limits: Partial<Limits>): Limits {
    this.#limits = read(Limits, { ...this.#limits, ...limits });
    return this.#limits;
  }

  /** @throws Refusal 429; a call that is refused does not count. */
  pass(credentials: string): void {
    const { limit, window, retryAfter } = this.#limits;
    const now = this.#now();
    const calls = (this.#calls.get(credentials) ?? []).filter((time) => time > now - window);
    this.#calls.set(credentials, calls);
    if (calls.length < limit) {
      calls.push(now);
      return;
    }
    const free = (calls[calls.length - limit] ?? now) + window;
    const seconds = Math.ceil((free - now) / 1000);
    // A date has no fractions of a second: rounded down, it would make a caller come too early.
    const date = new Date(Math.ceil(free / 1000) * 1000).toUTCString();
    const headers = { seconds: { "Retry-After": String(seconds) }, date: { "Retry-After": date }, none: {} };
    throw new Refusal(429, "Too many requests", headers[retryAfter]);
  }
}
