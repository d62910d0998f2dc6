import { validate } from "../schemas/validate.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";
import type { StoredEvent } from "./types.ts";

/**
 * The content of an event, from the text that LiveChat sent. It is read by the schema each time and not once on the way
 * in, so that a better schema improves old events too. Content that does not fit the schema is given as it came; `undefined` when
 * it is not JSON.
 */
export function readPayload(
  type: EventType,
  raw: string,
): Pick<StoredEvent, "payload" | "chatId" | "ticketId"> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const result = validate(type === "ticket_created" ? WebhookTicketResponse : WebhookChatResponse, parsed);
  const payload = (result.success ? result.output : parsed) as StoredEvent["payload"];
  const { chat, ticket } = (payload ?? {}) as { chat?: { id?: unknown }; ticket?: { id?: unknown } };
  return {
    ...(type !== "ticket_created" && chat?.id !== undefined && { chatId: String(chat.id) }),
    ...(type === "ticket_created" && ticket?.id !== undefined && { ticketId: String(ticket.id) }),
    payload,
  };
}
