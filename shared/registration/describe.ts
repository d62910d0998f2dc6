import type { Flaw, Registration } from "../schemas/registration.ts";
import type { KnownStanding, WebhookStanding } from "./assess.ts";
import { urlWith } from "./wanted.ts";

const STATE_SENTENCES: Record<Registration["state"], string> = {
  ok: "Registered once, as required.",
  unverified: "Registered once, as required, but LiveChat has not verified it.",
  off: "Registered once, as required, but webhooks are switched off for the licence: LiveChat sends nothing.",
  double: "Registered more than once: events are delivered more than once.",
  stale: "Registered with outdated settings.",
  missing: "Not registered: LiveChat does not report these events.",
  failed: "HelpDesk did not answer.",
};

const FLAW_SENTENCES: Partial<Record<Flaw, string>> = {
  "event type": "Another event is registered for this receiver.",
  "data types": "Registered without all of the data.",
  credentials: "Registered with credentials that are not accepted: deliveries are refused.",
  "previous credentials":
    "Registered with the previous password: deliveries are accepted only while it is set.",
};

/** Describes a registration for an operator, with credentials masked and the right webhook first. */
export function describeStanding(standing: WebhookStanding): Registration {
  const { wanted, state, right, others } = standing;
  return {
    event_type: wanted.event_type,
    state,
    detail: detailOf(standing),
    url: urlWith({ username: "***", password: "***" }, wanted.receiver, wanted.carriedIn),
    webhooks: [
      ...(right
        ? [{ id: right.id, state: right.verified === false ? ("unverified" as const) : ("right" as const) }]
        : []),
      ...others.map(({ webhook, flaw }) => ({ id: webhook.id, state: flaw })),
    ],
  };
}

/** A registration's state in a sentence. */
export function detailOf({ state, others: [first], failure }: KnownStanding): string {
  return failure ?? ((state === "stale" && first && FLAW_SENTENCES[first.flaw]) || STATE_SENTENCES[state]);
}
