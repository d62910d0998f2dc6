import * as v from "valibot";
import { examples } from "./examples.ts";
import { Filter } from "./filter.ts";
import {
  advanced,
  count,
  described,
  exact,
  filled,
  moment,
  named,
  oneOf,
  published,
  shape,
} from "./vocabulary.ts";
import { EVENT_TYPES } from "./webhook.ts";

const wholeNumberInBody = v.pipe(v.number("must be a whole number"), v.integer("must be a whole number"));

/** A whole number from 1 to `most`. */
function upTo(most: number) {
  return v.pipe(
    wholeNumberInBody,
    v.minValue(1, "must be at least 1"),
    v.maxValue(most, `must be at most ${most}`),
  );
}

const filter = described(
  advanced(v.optional(Filter)),
  "Only events that match every given key are sent. A key matches if the event has at least one of its values.",
);
const perMinute = described(advanced(v.optional(upTo(6_000))), "The maximum number of requests per minute.");
const POLICIES = ["park", "block"] as const;
const policy = described(
  advanced(v.optional(oneOf(POLICIES))),
  "What to do with an event that the callback refused five times (400, 413, 415, 422). park: sets the event aside and continues. block: keeps retrying the event, and later events wait.",
);
const callbackUrl = named(
  v.pipe(filled, published({ designer: { visibility: "internal", notificationUrl: true } })),
  "Callback URL",
  "The URL that receives the events: https, with a public address. The app keeps the URL secret, and calls it exactly as given.",
);

const distinctTypes = v.pipe(
  v.array(oneOf(EVENT_TYPES), "must be a list"),
  v.minLength(1, "must have at least one value"),
  v.transform((types) => EVENT_TYPES.filter((type) => types.includes(type))),
  v.array(v.picklist(EVENT_TYPES)),
);

/** The request that a flow sends when it is turned on. */
export const NewTrigger = shape(
  "NewTrigger",
  exact({ url: callbackUrl, filter, perMinute, policy }),
  examples.newTrigger,
);

/** The request to subscribe. */
export const NewSubscription = shape(
  "NewSubscription",
  exact({
    url: callbackUrl,
    types: described(v.optional(distinctTypes), "The event types to send; all when absent."),
    filter,
    format: described(
      v.optional(oneOf(["payload", "cloudevents"])),
      "payload: the content of the event, as JSON. cloudevents: CloudEvents 1.0 in binary mode, or in batched mode if batch is above 1.",
    ),
    batch: described(
      v.optional(upTo(100)),
      "The maximum number of events in one request of up to 1 MiB; 1 by default. Above 1, the body is an array.",
    ),
    perMinute,
    policy,
  }),
  examples.newSubscription,
);

const id = described(
  v.string(),
  "Unique id of the subscription. Keep it secret: the id alone is enough to end the subscription.",
);
const type = described(v.optional(v.picklist(EVENT_TYPES)), "The event type, if there is only one.");
const secret = described(v.string(), "The key that signs deliveries (standardwebhooks.com).");

/** The answer to a flow that subscribed. */
export const CreatedTrigger = shape(
  "CreatedTrigger",
  v.object({ id, type, secret }),
  examples.createdTrigger,
);

const terms = {
  types: described(v.optional(v.array(v.picklist(EVENT_TYPES))), "The event types; all when absent."),
  filter: described(v.optional(Filter), "The filter that events must match."),
  format: described(v.picklist(["payload", "cloudevents"]), "payload or cloudevents."),
  batch: described(count, "The maximum number of events in one request."),
  perMinute: described(v.optional(count), "The maximum number of requests per minute."),
  policy: described(v.picklist(POLICIES), "park or block, for events that the callback refuses."),
};

/** The answer to a subscriber that is not a flow. */
export const CreatedSubscription = shape(
  "CreatedSubscription",
  v.object({ id, secret, ...terms }),
  examples.createdSubscription,
);
export type CreatedSubscription = v.InferOutput<typeof CreatedSubscription>;

const callbackAnswer = v.object({
  at: described(moment, "When the callback answered, or the attempt failed."),
  status: described(v.optional(count), "The HTTP status that the callback answered with."),
  failure: described(v.optional(v.string()), "A code for the failure, if no answer came."),
});

const shownFields = {
  id,
  type,
  ...terms,
  callback: described(v.string(), "The host that events are sent to; the rest of the URL is secret."),
  createdAt: described(moment, "When the subscription was created."),
  state: described(
    v.picklist(["active", "retrying", "given_up"]),
    "active: the last delivery succeeded. retrying: the last delivery failed and will be retried. given_up: deliveries stopped until an operator resumes the subscription.",
  ),
  cursor: described(count, "All matching events up to this place in the log were delivered or parked."),
  lag: described(count, "The number of places between cursor and the end of the log; 0 when no event waits."),
  waitingSince: described(
    v.optional(moment),
    "When the next event was received; absent when no event waits.",
  ),
  failures: described(count, "The number of failed attempts in a row."),
  nextAttemptAt: described(v.optional(moment), "When the next attempt is made."),
  lastAnswer: described(v.optional(callbackAnswer), "The callback's last answer, if an event was sent."),
  parkedEvents: described(count, "The number of parked events."),
  missed: described(count, "The number of events that retention removed before they were delivered."),
  missedAt: described(v.optional(moment), "When retention last removed such an event."),
  restartedAt: described(v.optional(moment), "When the subscription restarted with a new log."),
};

/** A subscription, for the operator: its secret is left out. */
export const SubscriptionView = shape("Subscription", v.object(shownFields), examples.subscription);
export type SubscriptionView = v.InferOutput<typeof SubscriptionView>;

/** The answer of `GET /subscriptions`. */
export const SubscriptionList = shape(
  "Subscriptions",
  v.object({ items: described(v.array(SubscriptionView), "All subscriptions.") }),
  { items: [examples.subscription] },
);

const attempt = {
  eventId: described(v.string(), "The id of the event; for a batch, of its last event."),
  seq: named(count, "Sequence", "The event's place in the log."),
  at: described(moment, "When the attempt began."),
  status: described(v.optional(count), "The HTTP status that the callback answered with."),
  error: described(v.optional(v.string()), "A code for the failure, if no answer came."),
  durationMs: named(count, "Duration", "How long the attempt took, in milliseconds."),
  events: described(v.optional(count), "The number of events in the batch, if more than one."),
  firstSeq: named(v.optional(count), "First Sequence", "The place in the log of the batch's first event."),
};
const excerpt = described(
  v.optional(v.string()),
  "The start of the callback's answer, if the attempt failed; email addresses and parts of the URL are removed.",
);

const parkedEvent = v.object({
  eventId: described(v.string(), "The id of the event."),
  seq: named(count, "Sequence", "The event's place in the log."),
  since: described(moment, "When the event was parked."),
  attempts: described(count, "The number of failed attempts before the event was parked."),
});

/** A subscription with its last attempts and its parked events. */
export const SubscriptionInDetail = shape(
  "SubscriptionInDetail",
  v.object({
    ...shownFields,
    attempts: described(v.array(v.object(attempt)), "The last 20 attempts, oldest first."),
    parked: described(v.array(parkedEvent), "The parked events, in the order of the log."),
  }),
  examples.subscriptionInDetail,
);
export type SubscriptionInDetail = v.InferOutput<typeof SubscriptionInDetail>;

const attemptOfSubscription = v.object({
  subscription: described(v.string(), "The id of the subscription."),
  callback: described(v.optional(v.string()), "The callback's host; absent when the subscription has ended."),
  ...attempt,
  excerpt,
});

/** Attempts to deliver an event. */
export const Attempts = shape(
  "Attempts",
  v.object({
    items: described(
      v.array(attemptOfSubscription),
      "Failed attempts of the last week, and successful attempts that are among the last 20 of their subscription; oldest first.",
    ),
  }),
  examples.attempts,
);

/** The request to send all events again from a place in the log. */
export const Replay = shape(
  "Replay",
  exact({
    seq: named(
      v.pipe(wholeNumberInBody, v.minValue(0, "must not be negative")),
      "Sequence",
      "Place in the log of the first event to send again; 0 or 1 for all events.",
    ),
  }),
  { seq: 1 },
);

/** The request to send one event or all parked events again. */
export const SendAgain = shape(
  "SendAgain",
  v.pipe(
    exact({
      id: named(v.optional(filled), "Event Id", "The id of the event."),
      parked: described(
        v.optional(v.literal(true, "must be true")),
        "Instead of id: sends all parked events, oldest first, until one fails.",
      ),
    }),
    v.check(
      ({ id, parked }) => (id === undefined) !== (parked === undefined),
      "must have either id or parked",
    ),
  ),
  examples.sendAgain,
);

const sent = v.object({
  delivered: described(v.boolean(), "Whether the callback answered with 2xx."),
  ...attempt,
  excerpt,
});

/** The answer of `POST /subscriptions/{id}/test`. */
export const SentTest = shape("SentTest", sent, examples.sentTest);

/** The answer of `POST /subscriptions/{id}/send`. */
export const SentAgain = shape(
  "SentAgain",
  v.object({
    attempts: described(v.array(sent), "The attempts, in order."),
    left: described(count, "The number of events that are still parked."),
  }),
  examples.sentAgain,
);

/** The answer of `POST /subscriptions/{id}/roll-secret`. */
export const RolledSecret = shape(
  "RolledSecret",
  v.object({
    id,
    secret,
    previousSecretUntil: described(
      moment,
      "Until this time, each delivery has two signatures: one with the new and one with the former secret.",
    ),
  }),
  examples.rolledSecret,
);
