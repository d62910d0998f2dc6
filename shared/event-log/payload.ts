import { fromJson } from "../core/json.ts";
import { isObject } from "../core/values.ts";
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
  const parsed = fromJson(raw);
  if (parsed === undefined) return undefined;
  const isTicket = type === "ticket_created";
  const textChat = isTicket ? undefined : readTextChat(parsed);
  const content = textChat ?? parsed;
  const result = validate(isTicket ? WebhookTicketResponse : WebhookChatResponse, content);
  const payload = (result.success ? result.output : content) as StoredEvent["payload"];
  const { chat, ticket } = (payload ?? {}) as { chat?: { id?: unknown }; ticket?: { id?: unknown } };
  const id = isTicket ? ticket?.id : chat?.id;
  return {
    ...(id !== undefined && { [isTicket ? "ticketId" : "chatId"]: String(id) }),
    payload,
    // `ticketEvent` adds `api` to a ticket that was read from HelpDesk.
    ...((textChat || (isObject(content) && content.api === "text")) && { api: "text" }),
  };
}

/** A chat of the Text platform with the field names of v2; `undefined` for a chat of v2. */
function readTextChat(envelope: unknown): Record<string, unknown> | undefined {
  if (!isObject(envelope) || !("action" in envelope)) return undefined;
  const read = validate(StoredTextChat, envelope);
  return read.success ? fromTextChat(read.output) : undefined;
}
