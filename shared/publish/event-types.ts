import type * as v from "valibot";
import { examples } from "../schemas/examples.ts";
import {
  EVENT_TYPES,
  type EventType,
  WebhookChatResponse,
  WebhookTicketResponse,
} from "../schemas/webhook.ts";
import { toJsonSchema } from "./json-schema.ts";

/** The description, the payload's schema and an example payload of each event type. */
export const PAYLOADS: Record<
  EventType,
  { description: string; payload: v.GenericSchema; example: Record<string, unknown> }
> = {
  chat_started: {
    description: "A chat started.",
    payload: WebhookChatResponse,
    example: examples.chatStarted,
  },
  chat_ended: {
    description: "A chat ended. Its payload has the transcript.",
    payload: WebhookChatResponse,
    example: examples.chatEnded,
  },
  ticket_created: {
    description: "A ticket was created. LiveChat's webhook delivered it, or the reconciliation found it.",
    payload: WebhookTicketResponse,
    example: examples.ticketCreated,
  },
};

/** The catalogue of event types. The schemas have no references. */
export function describeEventTypes() {
  return EVENT_TYPES.map((type) => {
    const { description, payload, example } = PAYLOADS[type];
    return { type, description, schema: { ...toJsonSchema(payload) }, example };
  });
}
