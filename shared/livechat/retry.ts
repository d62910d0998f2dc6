import { readRetryAfter as readHeader } from "../core/retry-after.ts";

/** No wait is longer than this, whatever upstream says: LiveChat counts by the minute. In milliseconds. */
export const LONGEST_WAIT = 60_000;

/** How long upstream asks to wait, in milliseconds and up to `LONGEST_WAIT`; `undefined` when it does not say. */
export function readRetryAfter(headers: Headers): number | undefined {
  const wait = readHeader(headers.get("retry-after"), headers.get("date"));
  return wait === undefined ? undefined : Math.min(LONGEST_WAIT, wait);
}
