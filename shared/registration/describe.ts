import type { EventType } from "../schemas/webhook.ts";
import type { Flaw, Standing, State } from "./assess.ts";
import { urlWith } from "./wanted.ts";

/** How a webhook stands, for people: no credentials in it. */
export type Registration = {
  event_type: EventType;
  state: State;
  /** In a sentence. */
  detail: string;
  /** The receiver. Credentials are masked. */
  url: string;
  /** What LiveChat lists for this receiver, the right one first. */
  webhooks: { id: string; state: "right" | Flaw }[];
};

const DETAILS: Record<State, string> = {
  ok: "Registered once, as it should be.",
  unverified: "Registered once, as it should be, but LiveChat says that it is not verified.",
  off: "Registered once, as it should be, but webhooks are switched off for the license: LiveChat sends nothing.",
  double: "Registered, and more of our webhooks lead to the same receiver: events come more than once.",
  stale: "Registered otherwise than it should be.",
  missing: "Not registered: LiveChat tells nothing of these events.",
};

const STALE: Partial<Record<Flaw, string>> = {
  "event type": "Another event is registered for this receiver.",
  "data types": "Registered without all of the data.",
  credentials: "Registered with credentials that are not accepted: deliveries are refused.",
  "previous credentials":
    "Registered with the previous password: deliveries are accepted only while it is set.",
};

export function describeStanding({ wanted, state, right, others }: Standing): Registration {
  const [first] = others;
  return {
    event_type: wanted.event_type,
    state,
    detail: (state === "stale" && first && STALE[first.flaw]) || DETAILS[state],
    url: urlWith({ username: "***", password: "***" }, wanted.receiver, wanted.carriedIn),
    webhooks: [
      ...(right
        ? [{ id: right.id, state: right.verified === false ? ("unverified" as const) : ("right" as const) }]
        : []),
      ...others.map(({ webhook, flaw }) => ({ id: webhook.id, state: flaw })),
    ],
  };
}
