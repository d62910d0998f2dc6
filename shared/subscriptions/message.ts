import { hash } from "node:crypto";
import type { StoredEvent, TRACE } from "../event-log/types.ts";
import { ordered } from "../storage/keys.ts";
import type { Terms } from "./subscription.ts";

/**
 * An event of the log with the fields that are sent. An event without a payload was erased or cannot be read, and is
 * not sent.
 */
export type OutgoingEvent = Pick<
  StoredEvent,
  "seq" | "id" | "type" | "occurredAt" | "receivedAt" | "chatId" | "ticketId"
> & { payload?: unknown; [TRACE]?: string };

/** The content of one request. Every repetition of the request has the same `id`. */
type Message = { id: string; body: string; headers: Record<string, string> };

/** The `source` of our CloudEvents. Ids are unique within it. */
const SOURCE = "urn:livechat:events";
const TYPE_PREFIX = "com.livechat.";

/**
 * Puts events into the format of a subscription. One event is a payload, or a CloudEvent in binary mode. With `batch`
 * above 1 the body is an array, even of one event.
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

/** The JSON of an event in a batch. */
export function itemOf(event: OutgoingEvent, format: Terms["format"]): string {
  const { id, seq, type, occurredAt, receivedAt, payload } = event;
  if (format === "payload") return JSON.stringify({ id, seq, type, occurredAt, receivedAt, payload });
  return JSON.stringify({ ...attributesOf(event), datacontenttype: "application/json", data: payload });
}

function attributesOf({ id, seq, type, occurredAt, chatId, ticketId }: OutgoingEvent) {
  const subject = chatId ?? ticketId;
  return {
    specversion: "1.0",
    id,
    source: SOURCE,
    type: TYPE_PREFIX + type,
    time: occurredAt,
    ...(subject !== undefined && subject !== "" && { subject }),
    // The CloudEvents extension `sequence`. Its values sort as text.
    sequence: ordered(seq),
  };
}

function toHeaders(event: OutgoingEvent): Record<string, string> {
  const attributes = Object.entries(attributesOf(event));
  return Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, encodeAttribute(value)]));
}

/** Percent-encodes space, quote, percent, and all that is not printable ASCII (3.1.3.2 of the HTTP binding). */
function encodeAttribute(value: string): string {
  return value.toWellFormed().replace(/[^!#$&-~]/gu, encodeURIComponent);
}

function batchId(events: readonly OutgoingEvent[]): string {
  const ids = events.map(({ id }) => `${id}\n`).join("");
  return `batch_${hash("sha256", ids).slice(0, 32)}`;
}
