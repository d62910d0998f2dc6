import { toIso } from "../core/time.ts";
import type { EventLog } from "../event-log/event-log.ts";
import { wantedEvents } from "./filter.ts";
import type { SubscriptionStore } from "./store.ts";
import { type KeptSubscription, type LogHead, placeIn } from "./subscription.ts";
import { MISSED_AT_ONCE, UNPARK_AT_ONCE } from "./times.ts";

type HeldThroughOptions = {
  store: Pick<SubscriptionStore, "list" | "parked" | "get" | "replace">;
  log: Pick<EventLog, "head" | "list">;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/**
 * The last place that retention may remove: each subscription has received its events up to there. A subscription
 * that has not received events from before `lostBefore` (ISO 8601) is moved past them, and they are counted as
 * missed.
 */
export async function heldThrough(lostBefore: string, options: HeldThroughOptions): Promise<number> {
  const { store, log } = options;
  const [all, head, parked] = await Promise.all([store.list(), log.head(), store.parked()]);
  if (all.length === 0) return Number.POSITIVE_INFINITY;
  const { items } = await log.list({ from: lostBefore, limit: 1 });
  const through = items[0] ? items[0].seq - 1 : head.seq;
  let held = Number.POSITIVE_INFINITY;
  for (const kept of all) {
    const own = parked.filter(({ subscription }) => subscription === kept.id).map(({ seq }) => seq);
    held = Math.min(held, await moveThrough(kept, own, { through, head }, options));
  }
  return held;
}

/**
 * Moves a subscription past the events that are about to be removed. It is moved before the removal, so that every
 * lost event is counted.
 *
 * @param parked the places of its parked events
 * @returns a place: the subscription needs no event up to there
 */
async function moveThrough(
  found: KeptSubscription,
  parked: number[],
  { through, head }: { through: number; head: LogHead },
  { store, log, now }: HeldThroughOptions,
): Promise<number> {
  let left = parked;
  for (let kept: KeptSubscription | undefined = found; kept; ) {
    const place = placeIn(head, kept, now());
    const unpark = left.filter((seq) => seq <= through).slice(0, UNPARK_AT_ONCE);
    if (place.cursor >= through && unpark.length === 0)
      return Math.min(place.cursor, ...left.map((seq) => seq - 1));
    const cursor = Math.max(place.cursor, Math.min(through, place.cursor + MISSED_AT_ONCE));
    let missed = unpark.length;
    for await (const _ of wantedEvents(log, kept, { after: place.cursor, through: cursor })) missed += 1;
    const counted = missed > 0 && { missed: kept.missed + missed, missedAt: toIso(now()) };
    const written = await store.replace({ ...kept, ...place, cursor, ...counted }, { unpark });
    // When the write failed because the row was changed, the list is read again: an operator may also have sent a parked
    // event.
    if (written) left = left.filter((seq) => !unpark.includes(seq));
    else left = (await store.parked(found.id)).map(({ seq }) => seq);
    kept = written ?? (await store.get(found.id));
  }
  return Number.POSITIVE_INFINITY;
}
