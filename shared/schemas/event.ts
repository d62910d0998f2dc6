import * as v from "valibot";
import * as examples from "./examples.ts";
import { count, moment, named, shape } from "./vocabulary.ts";
import { EVENT_TYPES, ORIGINS, WebhookChatResponse, WebhookTicketResponse } from "./webhook.ts";

/** An event as the log gives it. An event without content (erased or lost) keeps its place. */
export const LoggedEvent = shape(
  "Event",
  v.object({
    id: named(v.string(), "Id", "Unique id of the event, the same for every delivery of it."),
    seq: named(count, "Sequence", "Place of the event in the log: 1, 2, 3 and so on, without gaps."),
    type: named(v.picklist(EVENT_TYPES), "Type", "What happened."),
    origin: named(
      v.picklist(ORIGINS),
      "Origin",
      "webhook: LiveChat delivered it. reconcile: the reconciliation found it.",
    ),
    occurredAt: named(moment, "Occurred At", "When it happened in LiveChat."),
    receivedAt: named(moment, "Received At", "When it was stored; never earlier than the event before it."),
    api: named(
      v.optional(v.literal("text")),
      "API",
      "text: an API of the Text platform reported it. Absent: the REST API v2 did.",
    ),
    chatId: named(v.optional(v.string()), "Chat Id", "The id of the event's chat."),
    ticketId: named(v.optional(v.string()), "Ticket Id", "The id of the event's ticket."),
    payload: named(
      v.optional(v.union([WebhookChatResponse, WebhookTicketResponse])),
      "Payload",
      "The content of the event, with the connector's field names.",
    ),
    erased: named(v.optional(v.literal(true)), "Erased", "Present when the content was erased on request."),
    erasedAt: named(v.optional(moment), "Erased At", "When the content was erased."),
    unreadable: named(
      v.optional(v.literal(true)),
      "Unreadable",
      "Present when the content is missing or damaged in storage.",
    ),
    omitted: named(
      v.optional(v.literal(true)),
      "Omitted",
      "Present when the content is left out, because the events of the chat are too large for one answer. GET /events/{id} returns it.",
    ),
  }),
  examples.chatEndedEvent,
);

/** The original of an event, as LiveChat sent it. */
export const RawDelivery = shape("RawDelivery", v.looseObject({}), examples.chatEnded);

/** A page of the log. */
export const EventPage = shape(
  "EventPage",
  v.object({
    items: named(v.array(LoggedEvent), "Items", "The events, in the order of the log."),
    next: named(count, "Next", "The after of the next call; present at the end of the log too."),
    head: named(count, "Head", "Place of the last event of the log; 0 when it is empty."),
  }),
  { items: [examples.chatStartedEvent, examples.chatEndedEvent], next: 2, head: 2 },
);

/** A chat, put together from its events. */
export const StoredChat = shape(
  "Chat",
  v.object({
    chatId: named(v.string(), "Chat Id", "Unique id of the chat."),
    state: named(
      v.picklist(["started", "ended", "erased"]),
      "State",
      "started, ended, or erased on request.",
    ),
    payload: named(v.optional(WebhookChatResponse), "Payload", "The latest content of the chat."),
    events: named(v.array(LoggedEvent), "Events", "The chat's events in the log."),
  }),
  {
    chatId: examples.chatId,
    state: "ended",
    payload: examples.chatEnded,
    events: [examples.chatStartedEvent, examples.chatEndedEvent],
  },
);

/** A page of the chats of the log, without their transcripts. */
export const ChatPage = shape(
  "ChatPage",
  v.object({
    items: named(
      v.array(
        v.object({
          chatId: named(v.string(), "Chat Id", "Unique id of the chat."),
          seq: named(count, "Sequence", "Place of its first event in the log."),
          state: named(v.picklist(["started", "ended"]), "State", "started, ended, or erased on request."),
          receivedAt: named(moment, "Received At", "When its first event was stored."),
          messages: named(count, "Messages", "How many messages the transcript has."),
          payload: named(
            WebhookChatResponse,
            "Payload",
            "The latest content of the chat, without messages and events.",
          ),
        }),
      ),
      "Items",
      "The chats, last started first.",
    ),
    next: named(v.nullable(count), "Next", "The before of the next call; null at the end."),
  }),
  {
    items: [
      {
        chatId: examples.chatId,
        seq: 1,
        state: "ended",
        receivedAt: examples.chatStartedEvent.receivedAt,
        messages: 2,
        payload: examples.chatStarted,
      },
    ],
    next: null,
  },
);

const countsOf = (title: string) =>
  named(
    v.object({
      webhook: named(count, "Webhook", "Events that LiveChat delivered."),
      reconcile: named(count, "Reconcile", "Events that the reconciliation found."),
    }),
    title,
    `Events of the type ${title}.`,
  );

/** How many events there were, by time, type and origin. */
export const EventCounts = shape(
  "EventCounts",
  v.object({
    items: named(
      v.array(
        v.object({
          from: named(moment, "From", "When the hour or day (UTC) begins."),
          chat_started: countsOf("chat_started"),
          chat_ended: countsOf("chat_ended"),
          ticket_created: countsOf("ticket_created"),
        }),
      ),
      "Items",
      "The hours or days in order, including those without events.",
    ),
  }),
  {
    items: [
      {
        from: "2026-01-15T08:00:00.000Z",
        chat_started: { webhook: 12, reconcile: 0 },
        chat_ended: { webhook: 11, reconcile: 0 },
        ticket_created: { webhook: 3, reconcile: 1 },
      },
    ],
  },
);

/** The catalogue of event types. */
export const EventTypes = shape(
  "EventTypes",
  v.object({
    items: named(
      v.array(
        v.object({
          type: named(v.picklist(EVENT_TYPES), "Type", "The type of the event."),
          description: named(v.string(), "Description", "When such an event occurs."),
          schema: named(v.looseObject({}), "Schema", "JSON Schema (2020-12) of its payload."),
          example: named(v.looseObject({}), "Example", "A payload."),
        }),
      ),
      "Items",
      "The event types.",
    ),
  }),
  // Spectral takes an example that has a type and an example of its own for a schema.
  { items: [] },
);

/** A delivery that was authenticated but not understood. */
export const QuarantinedDelivery = shape(
  "QuarantinedDelivery",
  v.object({
    id: named(v.string(), "Id", "Unique id of the entry, the same for every delivery of the same body."),
    expected: named(v.picklist(EVENT_TYPES), "Expected", "The event that the URL is for."),
    reason: named(v.string(), "Reason", "Why it is in quarantine."),
    problems: named(
      v.array(
        v.object({
          path: named(v.string(), "Path", "The field, with dots between names."),
          message: named(v.string(), "Message", "The problem, in a sentence."),
        }),
      ),
      "Problems",
      "The problems of the body, each with its path.",
    ),
    receivedAt: named(moment, "Received At", "When it was received."),
    raw: named(v.optional(v.string()), "Raw", "The original body, without the credential in it."),
  }),
  examples.quarantined,
);

/** A page of the quarantine. */
export const QuarantinePage = shape(
  "QuarantinePage",
  v.object({
    items: named(v.array(QuarantinedDelivery), "Items", "The entries, without their bodies."),
    next: named(v.optional(v.string()), "Next", "The cursor of the next call; absent at the end."),
  }),
  { items: [examples.listedQuarantined] },
);
