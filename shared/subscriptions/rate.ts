import { COUNTED_SECONDS } from "./times.ts";

/** The number of requests in each second of the last minute, oldest first. A second is counted from the epoch. */
export type SentCounts = readonly (readonly [second: number, count: number])[];

/** Adds a request at `now` (milliseconds since the epoch), and drops the requests that no longer count. */
export function addRequest(sent: SentCounts, now: number): SentCounts {
  const second = Math.floor(now / 1_000);
  const before = sent.filter(([at]) => at > second - COUNTED_SECONDS && at !== second);
  const here = sent.find(([at]) => at === second)?.[1] ?? 0;
  return [...before, [second, here + 1]];
}

/** When the next request is permitted, in milliseconds since the epoch; 0 when it is permitted now. */
export function nextRequestAt(sent: SentCounts, perMinute: number | undefined, now: number): number {
  if (perMinute === undefined) return 0;
  const second = Math.floor(now / 1_000);
  const counted = sent.filter(([at]) => at > second - COUNTED_SECONDS);
  let tooMany = counted.reduce((sum, [, count]) => sum + count, 0) + 1 - perMinute;
  if (tooMany <= 0) return 0;
  for (const [at, count] of counted) {
    tooMany -= count;
    if (tooMany <= 0) return (at + COUNTED_SECONDS) * 1_000;
  }
  return 0;
}
