import * as v from "valibot";
import type { Operation } from "../../shared/http/operation.ts";
import { receiveV2 } from "../../shared/receive/receive-v2.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { published } from "../../shared/schemas/vocabulary.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../../shared/schemas/webhook.ts";
import type { Services } from "../services.ts";
import { receiveHelpDeskTicket } from "./helpdesk-tickets.ts";
import { receiver } from "./receiver.ts";
import { receiveTextChat } from "./text-chats.ts";

/** The receiver of a v2 webhook. LiveChat repeats a delivery for hours unless the answer is exactly 200. */
function v2Receiver(
  type: EventType,
  schema: v.GenericSchema,
  words: { id: string; summary: string; route: string },
) {
  return receiver({
    ...words,
    description: `LiveChat's webhook ${type} calls this operation. The event is stored in the log before the answer is sent.`,
    type,
    schema,
    credentials: "basic",
    receive: (text, { eventLog: log, settings: { webhook, liveChat } }) =>
      receiveV2(text, type, { log, licenseId: webhook.licenseId, once: liveChat.api === "text" }),
  });
}

/**
 * The operations that LiveChat and HelpDesk call with deliveries. A first delivery loads only their code. The schemas
 * describe a body with the field names of `GET /events`.
 */
export const receivers: readonly Operation<Services>[] = [
  v2Receiver("chat_started", v.pipe(WebhookChatResponse, published({ example: examples.chatStarted })), {
    id: "ReceiveChatStarted",
    summary: "Receive a chat's start",
    route: "receivers/chat-started",
  }),
  v2Receiver("chat_ended", WebhookChatResponse, {
    id: "ReceiveChatEnded",
    summary: "Receive a chat's end",
    route: "receivers/chat-ended",
  }),
  v2Receiver("ticket_created", WebhookTicketResponse, {
    id: "ReceiveTicketCreated",
    summary: "Receive a new ticket",
    route: "receivers/ticket-created",
  }),
  receiveHelpDeskTicket,
  receiveTextChat,
];
