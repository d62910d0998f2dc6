const SECONDS = /^\d+(\.\d+)?$/;
/** Begins like a date, of either kind: `Date.parse` also makes dates of numbers such as `-1`. */
const DATE = /^(?:[A-Z][a-z]{2}|\d{4}-\d)/;

/**
 * How long an answer asks to wait, in milliseconds; `undefined` when it does not say, or not so that it can be understood.
 * `Retry-After` is seconds or a date (RFC 9110, 10.2.3); fractions are not in the standard and yet are sent. A date is
 * held against the other side's own clock (`Date`): ours may be off, and the difference of two rounded times is right.
 */
export function readRetryAfter(retryAfter: string | null = "", date?: string | null): number | undefined {
  const value = retryAfter?.trim() ?? "";
  if (SECONDS.test(value)) return Number(value) * 1000;
  if (!DATE.test(value)) return undefined;
  const wait = Date.parse(value) - (Date.parse(date ?? "") || Date.now());
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
