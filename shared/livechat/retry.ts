import { readRetryAfter as readHeader } from "../core/retry-after.ts";
import { MINUTE } from "../core/time.ts";

/** The longest wait, in milliseconds, also when LiveChat asks for more: it counts calls by the minute. */
export const LONGEST_WAIT = MINUTE;

/** The wait that LiveChat asks for, in milliseconds up to `LONGEST_WAIT`; `undefined` when it asks for none. */
export function retryAfterOf(headers: Headers): number | undefined {
  const wait = readHeader(headers.get("retry-after"), headers.get("date"));
  return wait === undefined ? undefined : Math.min(LONGEST_WAIT, wait);
}
