import type { KeptSubscription } from "./subscription.ts";
import { LEASE_MS } from "./times.ts";

/** A subscription as this process knows it. */
export type RosterEntry = {
  kept: KeptSubscription;
  /** Up to here the log holds nothing that it wants: more than its cursor says, which is not written for that. */
  through: number;
};

/** Since when this process has seen a row unchanged: milliseconds since the epoch, by our own clock. */
export type RowSighting = { etag: string; at: number };

/** Takes in subscriptions that were read. What is known about unchanged ones stays. */
export function renew(
  known: ReadonlyMap<string, RosterEntry>,
  read: readonly KeptSubscription[],
): Map<string, RosterEntry> {
  return new Map(
    read.map((kept) => {
      const before = known.get(kept.id);
      const isSame = before?.kept.etag === kept.etag;
      return [kept.id, { kept, through: isSame ? before.through : kept.cursor }];
    }),
  );
}

/**
 * When the lease of a subscription is over, in milliseconds since the epoch: at once without a lease, or with our own.
 * A lease of another process is over when its row has not changed for the time of a lease. No two clocks are compared
 * for that: it is our own at two looks at the row, or the storage service's at the writing and at the reading of it.
 *
 * @param readAt when the row was read
 */
export function leaseEnds(
  { lease, age }: KeptSubscription,
  holder: string,
  { at }: RowSighting,
  readAt: number,
): number {
  if (lease === undefined || lease.holder === holder) return 0;
  const byOwnClock = at + LEASE_MS;
  return age === undefined ? byOwnClock : Math.min(byOwnClock, readAt + LEASE_MS - age);
}
