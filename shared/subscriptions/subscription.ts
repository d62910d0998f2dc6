import type { EventType } from "../schemas/webhook.ts";
import type { Filter } from "./filter.ts";
import type { Standing } from "./standing.ts";

/** What a subscriber asked for. */
export type Terms = {
  /** Where events are sent. Opaque and secret; kept as it was given. */
  url: string;
  /** All types when absent. */
  types?: EventType[];
  filter?: Filter;
  format: "payload" | "cloudevents";
  /** How many events go into one request at most. Above 1 the body is an array, also of one event. */
  batch: number;
  /** How many requests are made in any minute at most. */
  perMinute?: number;
  /** `park` sets an event aside that the callback refuses again and again; `block` tries it until it arrives. */
  policy: "park" | "block";
};

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

/** The process that delivers just now. */
export type DeliveryLease = { holder: string; until: string };

/** One attempt to deliver. */
export type DeliveryAttempt = {
  /** The event; of a batch the last one. */
  eventId: string;
  seq: number;
  /** ISO 8601. */
  at: string;
  status?: number;
  /** Why there was no answer, as a code. */
  error?: string;
  durationMs: number;
  /** How many events went together, if more than one, and the place of the first. */
  events?: number;
  firstSeq?: number;
};

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
    lease?: DeliveryLease;
    /** The last ones, oldest first. */
    attempts: DeliveryAttempt[];
    /** When requests were made in the last minute: a second since the epoch and how many. Only with `perMinute`. */
    sent: readonly (readonly [second: number, count: number])[];
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

/** An event that was set aside for a subscription. */
export type Parked = { eventId: string; seq: number; since: string; attempts: number };
