import { setTimeout as sleep } from "node:timers/promises";

/**
 * Exponential back-off with jitter: a random share of a pause that doubles with each failure.
 *
 * @param failures the number of failures so far, at least 1
 * @param first the longest first pause, in milliseconds
 * @param longest the longest pause, in milliseconds
 * @param share a random number from 0 to 1: full jitter, which spreads callers best
 *   (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
 */
export function backOff(
  failures: number,
  { first, longest }: { first: number; longest: number },
  share: number,
): number {
  return share * Math.min(longest, first * 2 ** (failures - 1));
}

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

/** Waits without keeping the process alive. */
export const waitAside = (milliseconds: number): Promise<unknown> =>
  sleep(milliseconds, undefined, { ref: false });

/** The result of the work, or `late` when it takes longer than `limit` milliseconds. The work is not stopped. */
export async function within<Value>(limit: number, work: Promise<Value>, late: Value): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Value>((resolve) => {
    timer = setTimeout(resolve, limit, late);
  });
  return Promise.race([work, over]).finally(() => clearTimeout(timer));
}
