import { toIso } from "../core/time.ts";
import type { CreatedSubscription, SubscriptionInDetail } from "../schemas/subscription.ts";
import type { SentCounts } from "./rate.ts";
import { FRESH, type Standing } from "./standing.ts";

/**
 * The terms that a subscriber asks for. `url` is an opaque secret, kept exactly as given. Without `types` all are
 * sent.
 */
export type Terms = Omit<CreatedSubscription, "id" | "secret"> & { url: string };

/** The end of a log. A log without events has no name yet. */
export type LogHead = { log?: string; seq: number };

/** A subscription's place in the log. */
export type LogPlace = {
  /** The name of the log. Absent in a log without events, and in rows of earlier versions. */
  log?: string;
  /** Every event up to this place was delivered or parked, or does not match. */
  cursor: number;
  /** Counts the operator's changes of the place, so that the delivering process notices each and follows it. */
  moves: number;
  /** When the log was replaced by a new one, and the subscription restarted at its beginning. ISO 8601. */
  restartedAt?: string;
};

/** One attempt to deliver an event or a batch. */
export type DeliveryAttempt = SubscriptionInDetail["attempts"][number];

/** An event that was set aside for a subscription. */
export type Parked = SubscriptionInDetail["parked"][number];

export type Subscription = Terms &
  LogPlace & {
    /** An unguessable text, because the id alone is enough to end the subscription. */
    id: string;
    /** The key that signs deliveries, in the format of Standard Webhooks: `whsec_…`. */
    secret: string;
    /** The former secret, which also signs deliveries until `until` (ISO 8601). */
    previousSecret?: { secret: string; until: string };
    createdAt: string;
    /** The end of the log at the last replay. The replay is complete when the cursor reaches it. */
    replayThrough?: number;
    standing: Standing;
    /** The process that delivers at present. */
    lease?: { holder: string; until: string };
    /** The last attempts, oldest first. */
    attempts: DeliveryAttempt[];
    /** The requests of the last minute; empty without `perMinute`. */
    sent: SentCounts;
    /** How many events retention removed before they were delivered. */
    missed: number;
    /** When retention last removed such an event. */
    missedAt?: string;
  };

/** A subscription as it was read, with the version that a change depends on. */
export type KeptSubscription = Subscription & {
  etag: string;
  /** Milliseconds from the row's last write to its reading, by the storage service's clock; absent when unknown. */
  age?: number;
};

export function termsOf({ url, types, filter, format, batch, perMinute, policy }: Terms): Terms {
  return { url, types, filter, format, batch, perMinute, policy };
}

export function logPlaceOf({ log, cursor, moves, restartedAt }: LogPlace): LogPlace {
  return { log, cursor, moves, restartedAt };
}

/**
 * Finds a place again in the present log. In a new log (another table, or a table that was emptied) the place is the
 * beginning, because none of the log's events was delivered. In a log that was restored and is now shorter, the place
 * is the end.
 *
 * @param head must be read just now: a valid place may be past the end of an old head
 * @param now milliseconds since the epoch
 */
export function placeIn(head: LogHead, place: LogPlace, now: number): LogPlace {
  const kept = logPlaceOf(place);
  const { log, cursor } = kept;
  if (head.log === undefined) return kept;
  if (log === head.log) return { ...kept, cursor: Math.min(cursor, head.seq) };
  if (log === undefined && cursor <= head.seq) return { ...kept, log: head.log };
  return { ...kept, log: head.log, cursor: 0, restartedAt: toIso(now) };
}

/** An event as it is parked. */
export function toParked(
  { id: eventId, seq }: { id: string; seq: number },
  { failures }: Standing,
  now: number,
): Parked {
  return { eventId, seq, since: toIso(now), attempts: failures };
}

/** Continues a subscription at once from its place, with no failures. */
export function resume<Kind extends Subscription>(subscription: Kind): Kind {
  return { ...subscription, standing: { ...FRESH, lastAnswer: subscription.standing.lastAnswer } };
}

/** Moves a subscription to another place of a log. */
export function moveTo<Kind extends Subscription>(subscription: Kind, cursor: number, log?: string): Kind {
  return { ...resume(subscription), log, cursor, moves: subscription.moves + 1 };
}
