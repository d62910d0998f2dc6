import type { SubscriptionStore } from "./store.ts";
import type { KeptSubscription } from "./subscription.ts";
import { LEASE_MS, ROSTER_FRESH_MS } from "./times.ts";

/** A subscription as this process knows it. Times are milliseconds since the epoch, by our own clock. */
export type RosterEntry = {
  kept: KeptSubscription;
  /**
   * All events up to this place are delivered or parked, or are not wanted. The cursor in the row may be lower,
   * because it is written later.
   */
  readThrough: number;
  /** When this process first read the present version of the row. */
  seenAt: number;
  /** When the row was last read. */
  readAt: number;
};

/** All subscriptions as this process knows them. */
export class Roster {
  readonly #store: Pick<SubscriptionStore, "list" | "get">;
  readonly #now: () => number;
  #readAt = Number.NEGATIVE_INFINITY;
  /** By the ids of the subscriptions. */
  entries = new Map<string, RosterEntry>();

  constructor(store: Pick<SubscriptionStore, "list" | "get">, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Whether all subscriptions were read within the last {@link ROSTER_FRESH_MS} milliseconds. */
  get isFresh(): boolean {
    return this.#now() - this.#readAt < ROSTER_FRESH_MS;
  }

  async readAll(): Promise<void> {
    const readAt = this.#now();
    const all = await this.#store.list();
    this.entries = new Map(
      all.map((kept) => [kept.id, withReading(this.entries.get(kept.id), kept, readAt)]),
    );
    this.#readAt = readAt;
  }

  async read(id: string): Promise<RosterEntry | undefined> {
    const readAt = this.#now();
    const kept = await this.#store.get(id);
    if (kept) this.entries.set(id, withReading(this.entries.get(id), kept, readAt));
    else this.entries.delete(id);
    return this.entries.get(id);
  }

  /** Records the row after a delivery, and the place that it reached. A removed subscription stays removed. */
  record(kept: KeptSubscription, readThrough: number): void {
    const at = this.#now();
    if (this.entries.has(kept.id)) this.entries.set(kept.id, { kept, readThrough, seenAt: at, readAt: at });
  }

  /** Ends the freshness: this process has changed a subscription. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }
}

/** The entry after a reading of the row at `readAt`. `readThrough` and `seenAt` stay while the row is unchanged. */
export function withReading(
  before: RosterEntry | undefined,
  kept: KeptSubscription,
  readAt: number,
): RosterEntry {
  if (before?.kept.etag === kept.etag) return { ...before, kept, readAt };
  return { kept, readThrough: kept.cursor, seenAt: readAt, readAt };
}

/**
 * When this process may take the subscription, in milliseconds since the epoch; 0 without a lease or with our own.
 * The lease of another process ends when the row has not changed for {@link LEASE_MS}. Two machines' clocks are never
 * compared: the age of the row comes from our own clock (the time since we first read this version), or from the
 * storage service's clock (from the write to the reading).
 */
export function leaseEnds({ kept: { lease, age }, seenAt, readAt }: RosterEntry, holder: string): number {
  if (lease === undefined || lease.holder === holder) return 0;
  return LEASE_MS + (age === undefined ? seenAt : Math.min(seenAt, readAt - age));
}
