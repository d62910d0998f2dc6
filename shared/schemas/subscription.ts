import * as v from "valibot";
import * as examples from "./examples.ts";
import { count, exact, filled, moment, named, published, shape } from "./vocabulary.ts";
import { EVENT_TYPES } from "./webhook.ts";

/** What a flow sends when it is turned on. */
export const NewSubscription = shape(
  "NewSubscription",
  exact({
    url: named(
      v.pipe(filled, published({ designer: { visibility: "internal", notificationUrl: true } })),
      "Callback URL",
      "Where events are sent: https, and a public address. It is kept as a secret, letter by letter.",
    ),
  }),
  examples.newSubscription,
);

/** What was begun by it. */
export const CreatedSubscription = shape(
  "CreatedSubscription",
  v.object({
    id: named(v.string(), "Id", "Unique id of the subscription; whoever knows it can end it."),
    type: named(v.picklist(EVENT_TYPES), "Type", "What it is told of."),
    secret: named(
      v.string(),
      "Secret",
      "What deliveries are signed with, by the rules of Standard Webhooks (standardwebhooks.com).",
    ),
  }),
  examples.createdSubscription,
);

/** A subscription as its operator sees it. */
export const Subscription = shape(
  "Subscription",
  v.object({
    id: named(v.string(), "Id", "Unique id of the subscription; whoever knows it can end it."),
    type: named(v.picklist(EVENT_TYPES), "Type", "What it is told of."),
    callback: named(
      v.string(),
      "Callback",
      "The host that events are sent to; the rest of the URL is secret.",
    ),
    createdAt: named(moment, "Created At", "When it began."),
    state: named(
      v.picklist(["active", "retrying", "given_up"]),
      "State",
      "Whether the last delivery succeeded, is tried again, or was given up until somebody resumes it.",
    ),
    cursor: named(count, "Cursor", "Everything of its type up to this place of the log has been delivered."),
    lag: named(count, "Lag", "How many places of the log it is behind; 0 when no event of its type waits."),
    waitingSince: named(
      v.optional(moment),
      "Waiting Since",
      "When the event was received that it gets next; absent when none waits.",
    ),
    failures: named(count, "Failures", "How many deliveries in a row have failed."),
    nextAttemptAt: named(v.optional(moment), "Next Attempt At", "When the next one is tried."),
    lastAnswer: named(
      v.optional(
        v.object({
          at: named(moment, "At", "When it was."),
          status: named(v.optional(count), "Status", "The HTTP status that the callback answered with."),
          failure: named(v.optional(v.string()), "Failure", "Why there was no answer, as a code."),
        }),
      ),
      "Last Answer",
      "What came of the last delivery; absent before the first.",
    ),
  }),
  examples.subscription,
);

export const Subscriptions = v.object({
  items: named(v.array(Subscription), "Items", "All subscriptions."),
});

/** From where on events are sent again. */
export const Replay = shape(
  "Replay",
  exact({
    seq: named(
      v.pipe(
        v.number("must be a whole number"),
        v.integer("must be a whole number"),
        v.minValue(0, "must not be negative"),
      ),
      "Sequence",
      "Place in the log of the first event that is sent again; 0 or 1 for all that there are.",
    ),
  }),
  { seq: 1 },
);
