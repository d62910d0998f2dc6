const SECONDS = /^\d+(\.\d+)?$/;
/** The start of a date in either format. `Date.parse` alone would also read numbers such as `-1` as dates. */
const DATE = /^(?:[A-Z][a-z]{2}|\d{4}-\d)/;

/**
 * The wait that an answer asks for, in milliseconds; `undefined` when the header is missing or cannot be read.
 * `Retry-After` is seconds or a date (RFC 9110, 10.2.3); some servers send fractions of seconds. A date is compared with
 * the server's clock (`Date`), because ours may be wrong.
 */
export function readRetryAfter(retryAfter: string | null = "", date?: string | null): number | undefined {
  const value = retryAfter?.trim() ?? "";
  if (SECONDS.test(value)) return Number(value) * 1000;
  if (!DATE.test(value)) return undefined;
  const wait = Date.parse(value) - (Date.parse(date ?? "") || Date.now());
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
