import { hash } from "node:crypto";
import type { StoredEvent } from "../event-log/types.ts";
import { ordered } from "../storage/keys.ts";
import type { Terms } from "./subscription.ts";

/** An event on its way to a subscriber. */
export type OutgoingEvent = Pick<StoredEvent, "seq" | "id" | "type" | "occurredAt" | "receivedAt"> & {
  /** The chat or ticket that it is about. */
  subject?: string;
  /** Missing when it was erased or cannot be read, and there is nothing to send. */
  payload?: unknown;
  /** The trace that the event came in by, as W3C `traceparent`. */
  trace?: string;
};

/** What is sent in one request; `id` is the same at every repetition. */
type Message = { id: string; body: string; headers: Record<string, string> };

/** The producer of our CloudEvents: ids are unique under it. */
const SOURCE = "urn:livechat:events";
const TYPE_PREFIX = "com.livechat.";

/**
 * Puts events into the form that a subscription asked for: a payload or a CloudEvent in binary mode; with `batch` above 1
 * an array, also of one event.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function toDelivery(
  events: readonly OutgoingEvent[],
  { format, batch }: Pick<Terms, "format" | "batch">,
): Message {
  const [first] = events as [OutgoingEvent];
  if (batch > 1) {
    const isCloud = format === "cloudevents";
    return {
      id: events.length === 1 ? first.id : batchId(events),
      body: `[${events.map((event) => itemOf(event, format)).join(",")}]`,
      headers: { "content-type": isCloud ? "application/cloudevents-batch+json" : "application/json" },
    };
  }
  return {
    id: first.id,
    body: JSON.stringify(first.payload),
    headers: { "content-type": "application/json", ...(format === "cloudevents" && toHeaders(first)) },
  };
}

/** An event as an item of a batch, as JSON. */
export function itemOf(event: OutgoingEvent, format: Terms["format"]): string {
  const { id, seq, type, occurredAt, receivedAt, payload } = event;
  if (format === "payload") return JSON.stringify({ id, seq, type, occurredAt, receivedAt, payload });
  return JSON.stringify({ ...attributesOf(event), datacontenttype: "application/json", data: payload });
}

function attributesOf({ id, seq, type, occurredAt, subject }: OutgoingEvent) {
  return {
    specversion: "1.0",
    id,
    source: SOURCE,
    type: TYPE_PREFIX + type,
    time: occurredAt,
    ...(subject !== undefined && subject !== "" && { subject }),
    // The extension of this name: places sort as text.
    sequence: ordered(seq),
  };
}

function toHeaders(event: OutgoingEvent): Record<string, string> {
  const attributes = Object.entries(attributesOf(event));
  return Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, encodeAttribute(value)]));
}

/** Percent-encodes what may not stand in a header: all but printable ASCII, and space, quote and percent (3.1.3.2). */
function encodeAttribute(value: string): string {
  return value.toWellFormed().replace(/[^!#$&-~]/gu, encodeURIComponent);
}

function batchId(events: readonly OutgoingEvent[]): string {
  const ids = events.map(({ id }) => `${id}\n`).join("");
  return `batch_${hash("sha256", ids).slice(0, 32)}`;
}
