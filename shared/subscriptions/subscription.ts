import type { CreatedSubscription, SubscriptionInDetail } from "../schemas/subscription.ts";
import type { SentCounts } from "./rate.ts";
import type { Standing } from "./standing.ts";

/**
 * What a subscriber asked for. `url` is where events are sent: opaque, secret, and kept as it was given. Without `types`
 * all are sent.
 */
export type Terms = Omit<CreatedSubscription, "id" | "secret"> & { url: string };

/** A place in the log. */
export type LogPlace = {
  /** The name of the log; missing in a log without events, and for subscriptions of versions before this one. */
  log?: string;
  /** Every event up to this place was delivered, parked, or not wanted. */
  cursor: number;
  /** Goes up when an operator sends a subscription elsewhere, so that the process that delivers goes there too. */
  moves: number;
  /** When the log was found to have begun anew, and the subscription to go on from its beginning. ISO 8601. */
  restartedAt?: string;
};

/** One attempt to deliver an event, or a batch of them. */
export type DeliveryAttempt = SubscriptionInDetail["attempts"][number];

/** An event that was set aside for a subscription. */
export type Parked = SubscriptionInDetail["parked"][number];

/** A subscriber: a place in the log, and where to send what comes behind it. */
export type Subscription = Terms &
  LogPlace & {
    /** Cannot be guessed: the id is enough to end the subscription. */
    id: string;
    /** The key of the deliveries' signatures, in the spelling of Standard Webhooks: `whsec_…`. */
    secret: string;
    /** The secret before the last one, which signs too until then (ISO 8601). */
    previousSecret?: { secret: string; until: string };
    createdAt: string;
    /** Where the log ended at the last replay: until this place is reached, the replay is under way. */
    replayThrough?: number;
    standing: Standing;
    /** The process that delivers just now. */
    lease?: { holder: string; until: string };
    /** The last ones, oldest first. */
    attempts: DeliveryAttempt[];
    /** Only with `perMinute`. */
    sent: SentCounts;
    /** How many events retention removed before they were delivered, and when it last did. */
    missed: number;
    missedAt?: string;
  };

/** A subscription as it was read, with the version that a change of it is conditional on. */
export type KeptSubscription = Subscription & {
  etag: string;
  /** Milliseconds between the row's last write and its reading, by the storage service's clock; missing when not known. */
  age?: number;
};
