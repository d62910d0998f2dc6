import { compare, defined } from "../core/values.ts";
import type { WebhookChatResponse } from "../schemas/webhook.ts";
import type { ChatState, LogEvent, StoredEvent } from "./types.ts";

/**
 * Derives a chat from its events. Their order in the log does not matter. An end counts as later than a start. Of two
 * ends or two starts, the one with the later time counts as later; with equal times, the one with more messages. A
 * field that the last event lacks, such as the survey, comes from earlier events. When two licences have a chat with
 * this id, the result is the chat of the first licence.
 */
export function deriveChat(chatId: string, events: LogEvent[]): ChatState {
  const readable = events.filter((event): event is StoredEvent => "payload" in event);
  const licence = readable.map(licenceOf).find((one) => one !== undefined);
  const readings = readable.filter((event) => (licenceOf(event) ?? licence) === licence).sort(byTime);
  const last = readings.at(-1);
  if (!last) return { chatId, state: "erased", events };
  let payload = {} as WebhookChatResponse;
  for (const event of readings) {
    const next = event.payload as WebhookChatResponse;
    payload = { ...payload, ...defined(next), chat: { ...payload.chat, ...defined(next.chat ?? {}) } };
  }
  return { chatId, state: last.type === "chat_ended" ? "ended" : "started", payload, events };
}

function byTime(a: StoredEvent, b: StoredEvent): number {
  const inOrder = compare(rank(a), rank(b)) || compare(endOrStart(a), endOrStart(b));
  return inOrder || compare(messages(a), messages(b)) || compare(a.id, b.id);
}

const licenceOf = ({ payload }: StoredEvent) => payload.license_id || undefined;
const chatOf = ({ payload }: StoredEvent) => (payload as Partial<WebhookChatResponse>).chat;
const rank = ({ type }: StoredEvent) => (type === "chat_ended" ? 1 : 0);
const endOrStart = (event: StoredEvent) =>
  chatOf(event)?.ended_timestamp ?? chatOf(event)?.started_timestamp ?? "";
const messages = (event: StoredEvent) => chatOf(event)?.messages?.length ?? 0;
