import type { Webhook } from "../livechat/live-chat.ts";
import type { Flaw, Registration } from "../schemas/registration.ts";
import { presents, receiverOf, type WantedWebhook, type WebhookTarget, wantedWebhooks } from "./wanted.ts";

/** The state of a wanted webhook at LiveChat. */
export type WebhookStanding = {
  wanted: WantedWebhook;
  state: Registration["state"];
  /** The webhook to keep. */
  right?: Webhook;
  /** Other webhooks with the same receiver. */
  others: { webhook: Webhook; flaw: Flaw }[];
  /** With the state `failed`: the reason, as a sentence for the operator. */
  failure?: string;
};

/** The part of a standing that its sentence describes. */
export type KnownStanding = Pick<WebhookStanding, "state" | "failure"> & {
  wanted: Pick<WantedWebhook, "event_type">;
  others: Pick<WebhookStanding["others"][number], "flaw">[];
};

/**
 * Compares the registered webhooks with the wanted ones. A webhook is ours if its URL without credentials is exactly
 * a receiver's URL. All others stay unchanged, also those on the same host.
 *
 * Of several right webhooks, the one with the lowest id is kept, so all instances keep the same one.
 *
 * @param on whether LiveChat sends to the app's webhooks at all
 */
export function assessAll(found: readonly Webhook[], target: WebhookTarget, on = true): WebhookStanding[] {
  const all = wantedWebhooks(target);
  const ours = found.map((webhook) => ({ webhook, wanted: wantedFor(webhook, all) }));
  return all.map((wanted) => {
    const its = ours.filter((one) => one.wanted === wanted).map(({ webhook }) => webhook);
    return assess(wanted, its, target, on);
  });
}

/** Several events can share a receiver. A webhook of an event that this receiver does not take is removed. */
function wantedFor({ url, event_type }: Webhook, all: readonly WantedWebhook[]): WantedWebhook | undefined {
  const receiver = receiverOf(url);
  const there = all.filter((wanted) => wanted.receiver === receiver);
  return there.find((wanted) => wanted.event_type === event_type) ?? there[0];
}

function assess(
  wanted: WantedWebhook,
  found: readonly Webhook[],
  { credentials }: WebhookTarget,
  on: boolean,
): WebhookStanding {
  const ours = found
    .map((webhook) => ({ webhook, flaw: flawOf(webhook, wanted, credentials) }))
    .sort((a, b) => byId(a.webhook.id, b.webhook.id));
  const right = ours.find(({ flaw }) => !flaw) ?? ours.find(({ flaw }) => flaw === "unverified");
  const others = ours
    .filter((one) => one !== right)
    .map(({ webhook, flaw = "double" as const }) => ({ webhook, flaw }));
  return {
    wanted,
    state: stateOf(right, others.length, on),
    right: right?.webhook,
    others,
  };
}

function stateOf(right: { flaw?: Flaw } | undefined, others: number, on: boolean): Registration["state"] {
  if (!right) return others > 0 ? "stale" : "missing";
  if (others > 0) return "double";
  if (!on) return "off";
  return right.flaw === "unverified" ? "unverified" : "ok";
}

function flawOf(
  { event_type, data_types = [], url, verified }: Webhook,
  wanted: WantedWebhook,
  [current, ...previous]: WebhookTarget["credentials"],
): Flaw | undefined {
  if (event_type !== wanted.event_type) return "event type";
  if (!presents(url, current, wanted.carriedIn)) {
    return previous.some((pair) => presents(url, pair, wanted.carriedIn))
      ? "previous credentials"
      : "credentials";
  }
  if (!wanted.data_types.every((type) => data_types.includes(type))) return "data types";
  return verified === false ? "unverified" : undefined;
}

/** Sorts numeric ids by value, and other ids in an order that is the same on every instance. */
function byId(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}
