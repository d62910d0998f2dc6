import { fromTextChat } from "../schemas/from-text-chat.ts";
import { StoredTextChat } from "../schemas/text-chat.ts";
import { validate } from "../schemas/validate.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";
import type { StoredEvent } from "./types.ts";

/**
 * The content of an event, from the text that LiveChat sent. The schema reads it each time, not once on arrival, so a
 * better schema improves old events too. Content that does not fit the schema is given as it came; `undefined` when it
 * is not JSON.
 */
export function readPayload(
  type: EventType,
  raw: string,
): Pick<StoredEvent, "payload" | "api" | "chatId" | "ticketId"> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(raw);
  } catch {
    return undefined;
  }
  const text = type === "ticket_created" ? undefined : readTextChat(parsed);
  if (text) parsed = text;
  const result = validate(type === "ticket_created" ? WebhookTicketResponse : WebhookChatResponse, parsed);
  const payload = (result.success ? result.output : parsed) as StoredEvent["payload"];
  const { chat, ticket } = (payload ?? {}) as { chat?: { id?: unknown }; ticket?: { id?: unknown } };
  return {
    ...(type !== "ticket_created" && chat?.id !== undefined && { chatId: String(chat.id) }),
    ...(type === "ticket_created" && ticket?.id !== undefined && { ticketId: String(ticket.id) }),
    payload,
    ...((text || isOfHelpDesk(parsed)) && { api: "text" }),
  };
}

/** Whether a ticket was read from HelpDesk: `ticketEvent` then says so. */
function isOfHelpDesk(told: unknown): boolean {
  return typeof told === "object" && told !== null && "api" in told && told.api === "text";
}

/** A chat of the Text platform with the field names of v2; `undefined` for v2's own. */
function readTextChat(told: unknown): Record<string, unknown> | undefined {
  if (typeof told !== "object" || told === null || !("action" in told)) return undefined;
  const read = validate(StoredTextChat, told);
  return read.success ? fromTextChat(read.output) : undefined;
}
