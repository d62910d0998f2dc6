/** No wait is longer than this, whatever upstream says: LiveChat counts by the minute. In milliseconds. */
export const LONGEST_WAIT = 60_000;

const SECONDS = /^\d+(\.\d+)?$/;
/** Begins like a date, of either kind: `Date.parse` also makes dates of numbers such as `-1`. */
const DATE = /^(?:[A-Z][a-z]{2}|\d{4}-\d)/;

/**
 * How long upstream asks to wait, in milliseconds and up to `LONGEST_WAIT`; `undefined` when it does not say, or not so
 * that it can be understood.
 * `Retry-After` is seconds or a date (RFC 9110, 10.2.3); fractions are not in the standard and yet are sent. A date is
 * held against upstream's own clock (`Date`): ours may be off, and the difference of two rounded times is right.
 */
export function readRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (SECONDS.test(value)) return Math.min(LONGEST_WAIT, Number(value) * 1000);
  if (!DATE.test(value)) return undefined;
  const from = Date.parse(headers.get("date") ?? "") || Date.now();
  const wait = Date.parse(value) - from;
  return Number.isNaN(wait) ? undefined : Math.min(LONGEST_WAIT, Math.max(0, wait));
}

/**
 * Exponential back-off with full jitter, which spreads callers best
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param times how often it failed, from 1
 * @param first the longest first wait, in milliseconds
 */
export function backOff(times: number, first: number, random: () => number): number {
  return random() * Math.min(LONGEST_WAIT, first * 2 ** (times - 1));
}
