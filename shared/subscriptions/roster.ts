import type { KeptSubscription } from "./subscription.ts";
import { LEASE_MS } from "./times.ts";

/** A subscription as this process knows it. Moments are milliseconds since the epoch, by our own clock. */
export type RosterEntry = {
  kept: KeptSubscription;
  /** Up to here the log holds nothing that it wants: more than its cursor says, which is not written for that. */
  through: number;
  /** Since when this process has seen the row unchanged. */
  seenAt: number;
  /** When the row was read last. */
  readAt: number;
};

/** Takes in a subscription that was read at `readAt`. What is known about an unchanged one stays. */
export function takeIn(before: RosterEntry | undefined, kept: KeptSubscription, readAt: number): RosterEntry {
  if (before?.kept.etag === kept.etag) return { ...before, kept, readAt };
  return { kept, through: kept.cursor, seenAt: readAt, readAt };
}

/**
 * When the lease of a subscription is over, in milliseconds since the epoch: at once without a lease, or with our own.
 * A lease of another process is over when its row has not changed for the time of a lease. No two clocks are compared
 * for that: it is our own at two looks at the row, or the storage service's at the writing and at the reading of it.
 */
export function leaseEnds({ kept: { lease, age }, seenAt, readAt }: RosterEntry, holder: string): number {
  if (lease === undefined || lease.holder === holder) return 0;
  return LEASE_MS + (age === undefined ? seenAt : Math.min(seenAt, readAt - age));
}
