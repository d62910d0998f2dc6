import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, moment, shape } from "./vocabulary.ts";
import { EVENT_TYPES } from "./webhook.ts";

/**
 * The faults of a webhook of this app. `event type`: it is for another event. `data types`: it lacks some of the data.
 * `credentials`: the app refuses its credentials. `previous credentials`: the app accepts them only until the previous
 * password is removed. `unverified`: LiveChat has not verified it. `double`: another webhook already does the same.
 */
export const FLAWS = [
  "event type",
  "data types",
  "credentials",
  "previous credentials",
  "unverified",
  "double",
] as const;
export type Flaw = (typeof FLAWS)[number];

const foundWebhook = v.object({
  id: described(v.string(), "Unique id of the webhook in LiveChat."),
  state: described(v.picklist(["right", ...FLAWS]), "right, or the fault of the webhook."),
});

/** The state in LiveChat of a webhook that this app needs. */
export const Registration = shape(
  "Registration",
  v.object({
    event_type: described(v.picklist(EVENT_TYPES), "The event that LiveChat reports."),
    state: described(
      v.picklist(["ok", "unverified", "off", "double", "stale", "missing", "failed"]),
      "ok: registered exactly once, as required. unverified: LiveChat has not verified the webhook. off: LiveChat sends nothing to the app's webhooks. double: this app registered the webhook more than once. stale: only an outdated webhook of this app is registered. missing: no webhook is registered. failed: HelpDesk does not answer, or refuses; detail has the reason.",
    ),
    detail: described(v.string(), "The state, in a sentence."),
    url: described(v.string(), "The URL of the receiver. Credentials are masked."),
    webhooks: described(v.array(foundWebhook), "All webhooks that LiveChat has for this receiver."),
    lastDelivery: described(v.optional(moment), "When an event of this type was last delivered."),
  }),
  examples.registration,
);
export type Registration = v.InferOutput<typeof Registration>;

export const Registrations = shape(
  "Registrations",
  v.object({ registrations: described(v.array(Registration), "The webhooks that this app needs.") }),
  { registrations: [examples.registration] },
);

export const EnsuredRegistrations = shape(
  "EnsuredRegistrations",
  v.object({
    ...Registrations.entries,
    created: described(count, "The number of webhooks that this call registered."),
    removed: described(count, "The number of this app's webhooks that the call removed."),
  }),
  { registrations: [examples.registration], created: 1, removed: 0 },
);

export const RemovedRegistrations = shape(
  "RemovedRegistrations",
  v.object({
    removed: described(count, "The number of removed webhooks: all webhooks of this app."),
  }),
  { removed: 3 },
);
