import { CLOCK_DIFFERENCE, type ItemFacts } from "../listing/source.ts";

/**
 * Since when this app watches the account: the last change that the very first page showed. Items that were created
 * since are to have an event; of those that are older the app never claimed to know.
 */
export type Watch = {
  /** Milliseconds since the epoch, by the account's clock. */
  since: number;
  /** While that second may still last: the items that were changed in it and were there already. */
  known?: readonly string[];
};

/**
 * The watch that a page begins when the reading has no watch yet; absent when its items have only times that have not come yet,
 * and there are others. An account without a true time tells none. Then it is our clock's time, so a wrong empty answer
 * does not make every item of the account look new.
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
  // More of the same second may be on the next page.
  const mayBeMore = !isAll && first.at(-1)?.changedAt === since;
  return isOver || mayBeMore ? { since } : { since, known };
}

/**
 * Whether an item that was not stored before was created since the watch began. LiveChat's times are whole seconds, so
 * in the watch's first second only ids distinguish items.
 */
export function isCreatedSince({ since, known }: Watch, { id, createdAt }: ItemFacts): boolean {
  if (createdAt === undefined) return false;
  return createdAt > since || (createdAt === since && known !== undefined && !known.includes(id));
}
