import * as v from "valibot";
import * as examples from "./examples.ts";
import { count, moment, named, shape } from "./vocabulary.ts";
import { EVENT_TYPES } from "./webhook.ts";

const flaw = v.picklist([
  "right",
  "event type",
  "data types",
  "credentials",
  "previous credentials",
  "unverified",
  "double",
]);

/** One of the webhooks that this app lives on, as LiveChat has it. */
export const Registration = shape(
  "Registration",
  v.object({
    event_type: named(v.picklist(EVENT_TYPES), "Event Type", "What LiveChat is to tell of."),
    state: named(
      v.picklist(["ok", "unverified", "off", "double", "stale", "missing"]),
      "State",
      "Whether it is registered exactly once, as it should be.",
    ),
    detail: named(v.string(), "Detail", "The same in a sentence."),
    url: named(v.string(), "URL", "Where it leads. Credentials are masked."),
    webhooks: named(
      v.array(
        v.object({
          id: named(v.string(), "Id", "Unique id of the webhook in LiveChat."),
          state: named(flaw, "State", "Right, or what is the matter with it."),
        }),
      ),
      "Webhooks",
      "All that LiveChat has for this receiver.",
    ),
    lastDelivery: named(v.optional(moment), "Last Delivery", "When an event of this kind last came."),
  }),
  examples.registration,
);

export const Registrations = v.object({
  registrations: named(v.array(Registration), "Registrations", "One for each receiver."),
});

export const EnsuredRegistrations = shape(
  "EnsuredRegistrations",
  v.object({
    ...Registrations.entries,
    created: named(count, "Created", "How many webhooks were registered by this call."),
    removed: named(count, "Removed", "How many of ours were removed by it."),
  }),
  { registrations: [examples.registration], created: 1, removed: 0 },
);

export const RemovedRegistrations = shape(
  "RemovedRegistrations",
  v.object({
    removed: named(count, "Removed", "How many webhooks were removed: all of ours, and nobody else's."),
  }),
  { removed: 3 },
);
