import { isObject } from "../core/is-object.ts";
import { fromJson } from "../core/json.ts";
import { fromTextChat } from "../schemas/from-text-chat.ts";
import { StoredTextChat } from "../schemas/text-chat.ts";
import { validate } from "../schemas/validate.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../schemas/webhook.ts";
import type { StoredEvent } from "./types.ts";

/**
 * The content of an event, parsed from LiveChat's original text. The schema is applied at each reading, so a better
 * schema also improves old events. Content that does not fit the schema is returned unchanged; `undefined` when it is
 * not JSON.
 */
export function readPayload(
  type: EventType,
  raw: string,
): Pick<StoredEvent, "payload" | "api" | "chatId" | "ticketId"> | undefined {
  let parsed = fromJson(raw);
  if (parsed === undefined) return undefined;
  const text = type === "ticket_created" ? undefined : readTextChat(parsed);
  if (text) parsed = text;
  const result = validate(type === "ticket_created" ? WebhookTicketResponse : WebhookChatResponse, parsed);
  const payload = (result.success ? result.output : parsed) as StoredEvent["payload"];
  const { chat, ticket } = (payload ?? {}) as { chat?: { id?: unknown }; ticket?: { id?: unknown } };
  return {
    ...(type !== "ticket_created" && chat?.id !== undefined && { chatId: String(chat.id) }),
    ...(type === "ticket_created" && ticket?.id !== undefined && { ticketId: String(ticket.id) }),
    payload,
    // `ticketEvent` adds `api` to a ticket that was read from HelpDesk.
    ...((text || (isObject(parsed) && parsed.api === "text")) && { api: "text" }),
  };
}

/** A chat of the Text platform with the field names of v2; `undefined` for a chat of v2. */
function readTextChat(envelope: unknown): Record<string, unknown> | undefined {
  if (!isObject(envelope) || !("action" in envelope)) return undefined;
  const read = validate(StoredTextChat, envelope);
  return read.success ? fromTextChat(read.output) : undefined;
}
