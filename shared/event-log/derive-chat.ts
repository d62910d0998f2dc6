import type { WebhookChatResponse } from "../schemas/webhook.ts";
import type { ChatState, LogEvent, StoredEvent } from "./types.ts";

/**
 * Puts a chat together from its events. The order in which they came in makes no difference: an end tells more than a
 * start, a later one more than an earlier, and of two that tell no time the one with more messages. What the last does
 * not tell (a survey, say) is taken from those before it. Where two licences have a chat with this id, it is that of the
 * first.
 */
export function deriveChat(chatId: string, events: LogEvent[]): ChatState {
  const readable = events.filter((event): event is StoredEvent => "payload" in event);
  const licence = readable.map(licenceOf).find((one) => one !== undefined);
  const told = readable.filter((event) => (licenceOf(event) ?? licence) === licence).sort(byTelling);
  const last = told.at(-1);
  if (!last) return { chatId, state: "erased", events };
  let payload = {} as WebhookChatResponse;
  for (const event of told) {
    const next = event.payload as WebhookChatResponse;
    payload = { ...payload, ...present(next), chat: { ...payload.chat, ...present(next.chat) } };
  }
  return { chatId, state: last.type === "chat_ended" ? "ended" : "started", payload, events };
}

function byTelling(a: StoredEvent, b: StoredEvent): number {
  return (
    compare(rank(a), rank(b)) ||
    compare(moment(a), moment(b)) ||
    compare(messages(a), messages(b)) ||
    compare(a.id, b.id)
  );
}

const licenceOf = ({ payload }: StoredEvent) => payload.license_id || undefined;
const chatOf = ({ payload }: StoredEvent) => (payload as Partial<WebhookChatResponse>).chat;
const rank = ({ type }: StoredEvent) => (type === "chat_ended" ? 1 : 0);
const moment = (event: StoredEvent) =>
  chatOf(event)?.ended_timestamp ?? chatOf(event)?.started_timestamp ?? "";
const messages = (event: StoredEvent) => chatOf(event)?.messages?.length ?? 0;

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function present<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, field]) => field !== undefined)) as Value;
}
