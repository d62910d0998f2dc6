import * as v from "valibot";
import { Chat, SurveyItem, Visitor } from "./chat.ts";
import { examples } from "./examples.ts";
import { Ticket } from "./ticket.ts";
import { described, listOf, maybe, named, shape, text } from "./vocabulary.ts";

/** The three webhooks that this app receives, by LiveChat's own names. */
export const EVENT_TYPES = ["chat_started", "chat_ended", "ticket_created"] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The origin of an event: LiveChat's webhook delivered it, or the reconciliation found it. */
export const ORIGINS = ["webhook", "reconcile"] as const;
export type Origin = (typeof ORIGINS)[number];

const licence = named(maybe(text), "License Id", "The LiveChat licence that the event belongs to.");
const version = named(maybe(text), "LiveChat Version", "The version of LiveChat's API.");

/** The body of LiveChat's webhook when a chat starts or ends. */
export const WebhookChatResponse = shape(
  "WebhookChatResponse",
  v.looseObject({
    event_type: described(
      maybe(v.picklist(["chat_started", "chat_ended"])),
      "Either chat_started or chat_ended.",
    ),
    event_unique_id: named(maybe(text), "Event Id", "Unique id of the event associated with the chat."),
    license_id: licence,
    lc_version: version,
    chat: described(Chat, "The chat."),
    visitor: described(maybe(Visitor), "The visitor of the chat."),
    pre_chat_survey: described(listOf(SurveyItem), "Array of pre chat survey responses."),
  }),
  examples.chatEnded,
);
export type WebhookChatResponse = v.InferOutput<typeof WebhookChatResponse>;

/** The body of LiveChat's webhook when a ticket is created. */
export const WebhookTicketResponse = shape(
  "WebhookTicketResponse",
  v.looseObject({
    event_type: described(maybe(v.literal("ticket_created")), "Always ticket_created."),
    event_unique_id: named(maybe(text), "Event Id", "Unique id of the event; absent for some tickets."),
    license_id: licence,
    lc_version: version,
    ticket: described(Ticket, "The ticket."),
  }),
  examples.ticketCreated,
);
export type WebhookTicketResponse = v.InferOutput<typeof WebhookTicketResponse>;
