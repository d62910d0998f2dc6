import { readRetryAfter as readHeader } from "../core/retry-after.ts";

/** No wait is longer than this, whatever upstream says: LiveChat counts by the minute. In milliseconds. */
export const LONGEST_WAIT = 60_000;

/** How long upstream asks to wait, in milliseconds and up to `LONGEST_WAIT`; `undefined` when it does not say. */
export function readRetryAfter(headers: Headers): number | undefined {
  const wait = readHeader(headers.get("retry-after"), headers.get("date"));
  return wait === undefined ? undefined : Math.min(LONGEST_WAIT, wait);
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
