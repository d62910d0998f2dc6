import { validate } from "../schemas/validate.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";
import type { StoredEvent } from "./types.ts";

/**
 * What an event says, read from what LiveChat sent. This happens on every reading and not once on the way in, so a
 * better schema improves old events too. What does not fit the schema (any more) is given as it came; `undefined` when
 * it is not JSON.
 */
export function readPayload(
  type: EventType,
  raw: string,
): Pick<StoredEvent, "payload" | "chatId" | "ticketId"> | undefined {
  let told: unknown;
  try {
    told = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const result = validate(type === "ticket_created" ? WebhookTicketResponse : WebhookChatResponse, told);
  const payload = (result.success ? result.output : told) as StoredEvent["payload"];
  const { chat, ticket } = (payload ?? {}) as { chat?: { id?: unknown }; ticket?: { id?: unknown } };
  return {
    ...(type !== "ticket_created" && chat?.id !== undefined && { chatId: String(chat.id) }),
    ...(type === "ticket_created" && ticket?.id !== undefined && { ticketId: String(ticket.id) }),
    payload,
  };
}
