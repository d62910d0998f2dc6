import { plural } from "../../shared/core/text.ts";
import { call } from "../api.ts";
import type { InputOf, OutputOf } from "../calls.ts";
import { TYPES } from "./events.ts";
import { linkTo } from "./links.tsx";

export type Subscription = OutputOf<"ListSubscriptions">["items"][number];

export const STATES = {
  active: { kind: "ok", words: "active" },
  retrying: { kind: "attention", words: "retrying" },
  given_up: { kind: "bad", words: "given up" },
} as const satisfies Record<Subscription["state"], { kind: string; words: string }>;

/**
 * A subscription's name: its callback's host and the start of its id. Many flows share a host; the rest of a callback
 * is secret.
 */
export function nameOf({ id, callback }: { id: string; callback?: string | undefined }): string {
  return `${callback ?? "An ended subscription"} (${id.slice(0, 6)})`;
}

export function SubscriptionLink(one: { id: string; callback?: string | undefined }) {
  return <a href={linkTo(`/subscriptions/${one.id}`)}>{nameOf(one)}</a>;
}

/** Describes the events that a subscription receives. */
export function wordsOf({ types, filter }: Pick<Subscription, "types" | "filter">): string {
  const what = types?.map((type) => TYPES[type]).join(", ") ?? "all";
  return filter ? `${what}, filtered` : what;
}

/** Describes the distance of a subscription from the end of the log. */
export function lagWords({ lag }: Pick<Subscription, "lag">): string {
  return lag === 0 ? "up to date" : `${plural(lag, "place")} behind`;
}

type Filter = { [key: string]: readonly string[] | Filter };

/** Describes a filter: `tag is lamp or desk; not (status is spam)`. */
export function filterWords(filter: object): string {
  return Object.entries(filter as Filter)
    .map(([key, value]) =>
      Array.isArray(value) ? `${key} is ${value.join(" or ")}` : `${key} (${filterWords(value)})`,
    )
    .join("; ");
}

/** Sends an event, or all parked events, to a subscription again. Returns the result in words. @throws {Problem} */
export async function sendAgain(id: string, body: InputOf<"SendAgain">["body"]): Promise<string> {
  const { attempts, left } = await call("SendAgain", { path: { id }, body });
  if ("parked" in body) {
    return `Sent ${attempts.filter(({ delivered }) => delivered).length} of ${plural(attempts.length, "parked event")}; ${left} left`;
  }
  const [attempt] = attempts;
  return attempt?.delivered ? "Arrived" : `Failed: ${attempt?.status ?? attempt?.error ?? "no answer"}`;
}
