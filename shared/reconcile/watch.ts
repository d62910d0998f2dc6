import { CLOCK_DIFFERENCE, type ItemFacts } from "../listing/source.ts";

/**
 * The time since which this app watches the account: the last change on the very first page. Items that were created
 * since then get an event. Older items get none.
 */
export type Watch = {
  /** Milliseconds since the epoch, by the account's clock. */
  since: number;
  /** Ids of the items that had changed in that second when the first page was read. Absent if it had certainly ended. */
  known?: readonly string[];
};

/**
 * Begins the watch with the first page. Returns `undefined` when all items of the page have times in the future and the
 * account has more pages. When no item of the account has a usable time, the watch begins {@link CLOCK_DIFFERENCE}
 * before our clock's time. So a wrong empty answer does not make every item of the account look new.
 *
 * @param isAll whether the account has no other pages
 * @param now milliseconds since the epoch
 */
export function beginWatch(
  first: readonly ItemFacts[],
  { isAll, now }: { isAll: boolean; now: number },
): Watch | undefined {
  const newest = first.find(({ changedAt = Infinity }) => changedAt <= now + CLOCK_DIFFERENCE);
  if (!newest && !isAll) return undefined;
  const since = newest?.changedAt ?? now - CLOCK_DIFFERENCE;
  const known = first.filter(({ changedAt }) => changedAt === since).map(({ id }) => id);
  const isOver = since < now - CLOCK_DIFFERENCE;
  // The next page may have more items of the same second.
  const mayBeMore = !isAll && first.at(-1)?.changedAt === since;
  return isOver || mayBeMore ? { since } : { since, known };
}

/**
 * Whether a new item was created since the watch began. LiveChat's times are whole seconds, so ids tell which items
 * of the watch's first second are older.
 */
export function isCreatedSince({ since, known }: Watch, { id, createdAt }: ItemFacts): boolean {
  if (createdAt === undefined) return false;
  return createdAt > since || (createdAt === since && known !== undefined && !known.includes(id));
}
