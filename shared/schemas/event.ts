import * as v from "valibot";
import { examples } from "./examples.ts";
import { count, described, moment, named, shape } from "./vocabulary.ts";
import {
  EVENT_TYPES,
  type EventType,
  ORIGINS,
  WebhookChatResponse,
  WebhookTicketResponse,
} from "./webhook.ts";

/** An event of the log. An event whose content was erased or lost keeps its place. */
export const LoggedEvent = shape(
  "Event",
  v.object({
    id: described(v.string(), "Unique id of the event. All deliveries of the event have the same id."),
    seq: named(count, "Sequence", "Place of the event in the log: 1, 2, 3 and so on, without gaps."),
    type: described(v.picklist(EVENT_TYPES), "What happened."),
    origin: described(
      v.picklist(ORIGINS),
      "webhook: LiveChat delivered the event. reconcile: the reconciliation found it.",
    ),
    occurredAt: described(moment, "When the event happened in LiveChat."),
    receivedAt: described(moment, "When the app stored the event. The log is in this order."),
    api: described(
      v.optional(v.literal("text")),
      "text: the Text platform reported the event. Absent: LiveChat's REST API v2 reported it.",
    ),
    chatId: described(v.optional(v.string()), "The id of the event's chat."),
    ticketId: described(v.optional(v.string()), "The id of the event's ticket."),
    payload: described(
      v.optional(v.union([WebhookChatResponse, WebhookTicketResponse])),
      "The content of the event, with the connector's field names.",
    ),
    traceId: described(
      v.optional(v.string()),
      "The trace id of the delivery (W3C Trace Context). Only GET /events/{id} returns it, and only while telemetry is on.",
    ),
    erased: described(v.optional(v.literal(true)), "Present when the content was erased on request."),
    erasedAt: described(v.optional(moment), "When the content was erased."),
    unreadable: described(v.optional(v.literal(true)), "Present when the stored content is lost or damaged."),
    omitted: described(
      v.optional(v.literal(true)),
      "Present when the content is left out. It is larger than max_payload, or the chat's events are too large for one answer. GET /events/{id} returns the content.",
    ),
  }),
  examples.chatEndedEvent,
);

/** The original delivery of an event, as LiveChat sent it. */
export const RawDelivery = shape("RawDelivery", v.looseObject({}), examples.chatEnded);

/** A page of the log. */
export const EventPage = shape(
  "EventPage",
  v.object({
    items: described(v.array(LoggedEvent), "The events, in the order of the log."),
    next: described(count, "The value of after for the next call; also present at the end of the log."),
    head: described(count, "Place of the last event of the log; 0 when it is empty."),
  }),
  { items: [examples.chatStartedEvent, examples.chatEndedEvent], next: 2, head: 2 },
);

/** The state of a chat, from its events in the log. */
export const StoredChat = shape(
  "Chat",
  v.object({
    chatId: described(v.string(), "Unique id of the chat."),
    state: described(v.picklist(["started", "ended", "erased"]), "started, ended, or erased on request."),
    payload: described(v.optional(WebhookChatResponse), "The latest content of the chat."),
    events: described(v.array(LoggedEvent), "The chat's events in the log."),
  }),
  {
    chatId: examples.chatId,
    state: "ended",
    payload: examples.chatEnded,
    events: [examples.chatStartedEvent, examples.chatEndedEvent],
  },
);

const listedChat = v.object({
  chatId: described(v.string(), "Unique id of the chat."),
  seq: named(count, "Sequence", "Place of the chat's first event in the log."),
  state: described(v.picklist(["started", "ended"]), "started or ended."),
  receivedAt: described(moment, "When the chat's first event was stored."),
  messages: described(count, "The number of messages in the transcript."),
  payload: described(WebhookChatResponse, "The latest content of the chat, without messages and events."),
});

/** A page of the log's chats, without their transcripts. */
export const ChatPage = shape(
  "ChatPage",
  v.object({
    items: described(v.array(listedChat), "The chats, latest start first."),
    next: described(v.nullable(count), "The value of before for the next call; null at the end."),
  }),
  { items: [examples.listedChat], next: null },
);

const counts = v.object({
  webhook: described(count, "Events that LiveChat delivered."),
  reconcile: described(count, "Events that the reconciliation found."),
});
const countsOf = (type: EventType) => named(counts, type, `Events of the type ${type}.`);
const countedPeriod = v.object({
  from: described(moment, "When the hour or day (UTC) begins."),
  chat_started: countsOf("chat_started"),
  chat_ended: countsOf("chat_ended"),
  ticket_created: countsOf("ticket_created"),
});

/** The number of events by time, type and origin. */
export const EventCounts = shape(
  "EventCounts",
  v.object({
    items: described(v.array(countedPeriod), "The hours or days in order, including those without events."),
  }),
  { items: [examples.eventsOfAnHour] },
);

const listedType = v.object({
  type: described(v.picklist(EVENT_TYPES), "The type of the event."),
  description: described(v.string(), "When such an event occurs."),
  schema: described(v.looseObject({}), "JSON Schema (2020-12) of its payload."),
  example: described(v.looseObject({}), "A payload."),
});

/** The catalogue of event types. */
export const EventTypes = shape(
  "EventTypes",
  v.object({ items: described(v.array(listedType), "The event types.") }),
  // An item in the example would have the members `type` and `example`, and Spectral would read it as a schema.
  { items: [] },
);

const problem = v.object({
  path: described(v.string(), "The field, with dots between names."),
  message: described(v.string(), "The problem of the field, in a sentence."),
});

/** An authenticated delivery that the app could not read. */
export const QuarantinedDelivery = shape(
  "QuarantinedDelivery",
  v.object({
    id: described(v.string(), "Unique id of the entry. All deliveries of the same body have the same id."),
    expected: described(v.picklist(EVENT_TYPES), "The event type of the receiver's URL."),
    reason: described(v.string(), "Why the delivery is in quarantine."),
    problems: described(v.array(problem), "The problems of the body, each with its path."),
    receivedAt: described(moment, "When the delivery was received."),
    raw: described(v.optional(v.string()), "The original body, without credentials."),
  }),
  examples.quarantined,
);

/** A page of the quarantine. */
export const QuarantinePage = shape(
  "QuarantinePage",
  v.object({
    items: described(v.array(QuarantinedDelivery), "The entries, without their bodies."),
    next: described(v.optional(v.string()), "The value of cursor for the next call; absent at the end."),
  }),
  { items: [examples.listedQuarantined] },
);
