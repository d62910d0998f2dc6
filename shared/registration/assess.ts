import { type Destination, presents, receiverOf, type Wanted } from "./wanted.ts";

/** A webhook as LiveChat lists it. */
export type Registered = {
  id: string;
  event_type: string;
  data_types?: string[];
  url: string;
  verified?: boolean;
  /** The account that it belongs to. */
  licence?: string;
};

/**
 * What is the matter with one of our webhooks: it is for another event, lacks some of the data, presents credentials
 * that are not accepted or accepted only for now, has not been verified by LiveChat, or is one too many.
 */
export type Flaw =
  | "event type"
  | "data types"
  | "credentials"
  | "previous credentials"
  | "unverified"
  | "double";

/**
 * `ok`: exactly one, as it should be. `unverified`: the same, but LiveChat says that it is not verified. `double`: the
 * right one, and others of ours. `stale`: only others. `missing`: none at all.
 */
export type State = "ok" | "unverified" | "double" | "stale" | "missing";

/** How one of the wanted webhooks stands. */
export type Standing = {
  wanted: Wanted;
  state: State;
  /** The one to keep. */
  right?: Registered;
  /** Others that lead to the same receiver. */
  others: { webhook: Registered; flaw: Flaw }[];
};

/**
 * Holds what is registered against what is wanted. Ours is a webhook whose URL, credentials aside, is exactly a
 * receiver's; whatever else is registered, on this host too, is somebody else's and no concern of ours.
 *
 * Of several that are right the lowest id is kept, so that all instances that look at once keep the same.
 */
export function assess(wanted: Wanted, found: readonly Registered[], { credentials }: Destination): Standing {
  const ours = found
    .filter(({ url }) => receiverOf(url) === wanted.receiver)
    .map((webhook) => ({ webhook, flaw: flawOf(webhook, wanted, credentials) }))
    .sort((a, b) => byId(a.webhook.id, b.webhook.id));
  const right = ours.find(({ flaw }) => !flaw) ?? ours.find(({ flaw }) => flaw === "unverified");
  const others = ours
    .filter((one) => one !== right)
    .map(({ webhook, flaw = "double" as const }) => ({ webhook, flaw }));
  return {
    wanted,
    state: stateOf(right?.flaw, right !== undefined, others.length),
    right: right?.webhook,
    others,
  };
}

function stateOf(flaw: Flaw | undefined, isRight: boolean, others: number): State {
  if (!isRight) return others > 0 ? "stale" : "missing";
  if (others > 0) return "double";
  return flaw === "unverified" ? "unverified" : "ok";
}

function flawOf(
  { event_type, data_types = [], url, verified }: Registered,
  wanted: Wanted,
  [current, ...previous]: Destination["credentials"],
): Flaw | undefined {
  if (event_type !== wanted.event_type) return "event type";
  if (!presents(url, current)) {
    return previous.some((pair) => presents(url, pair)) ? "previous credentials" : "credentials";
  }
  if (!wanted.data_types.every((type) => data_types.includes(type))) return "data types";
  return verified === false ? "unverified" : undefined;
}

/** Ids that are numbers by their value, others in an order that everybody agrees on. */
function byId(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
