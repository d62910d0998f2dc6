import { COUNTED_SECONDS } from "./times.ts";

/** Requests of the last minute: a second since the epoch and how many were made in it, oldest first. */
export type SentCounts = readonly (readonly [second: number, count: number])[];

/** The requests that still count at `now` (milliseconds since the epoch), with the one that is made now. */
export function noteRequest(sent: SentCounts, now: number): SentCounts {
  const second = Math.floor(now / 1_000);
  const before = sent.filter(([at]) => at > second - COUNTED_SECONDS && at !== second);
  const here = sent.find(([at]) => at === second)?.[1] ?? 0;
  return [...before, [second, here + 1]];
}

/** When the next request may be made, in milliseconds since the epoch; 0 when it may be made at once. */
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
