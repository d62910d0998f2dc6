import type { FeedHead } from "./feed.ts";
import type { LogPlace } from "./subscription.ts";

/**
 * Finds a place in the log as it is. In a log that began anew (another table, or one that was emptied) a place goes back to
 * the beginning, since none of that log's events was delivered. In the same log with fewer events, which was restored, it
 * is the end.
 *
 * @param head just read: no place of the same log lies behind it
 * @param now milliseconds since the epoch
 */
export function placeIn(head: FeedHead, place: LogPlace, now: number): LogPlace {
  const { log, cursor, moves, restartedAt } = place;
  const kept = { log, cursor, moves, restartedAt };
  // A log without events has no name yet.
  if (head.log === undefined) return kept;
  if (log === head.log) return { ...kept, cursor: Math.min(cursor, head.seq) };
  if (log === undefined && cursor <= head.seq) return { ...kept, log: head.log };
  return { log: head.log, cursor: 0, moves, restartedAt: new Date(now).toISOString() };
}
