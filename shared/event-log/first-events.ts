import type { EventType } from "../schemas/webhook.ts";
import { eventsOfSubject } from "./choose.ts";
import { chatSubject, seqOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** The id and place of an event in the log. */
type KnownEvent = { id: string; seq: number; isErased: boolean };

/**
 * See `EventLog.firstEventsOf`. This takes two requests when the chat's events are close together, and otherwise one more
 * for each event.
 */
export async function firstEventsOf(
  store: Store,
  chatId: string,
  options: { signal?: AbortSignal } = {},
): Promise<Map<EventType, KnownEvent>> {
  const first = new Map<EventType, KnownEvent>();
  const read = { ...options, select: ["rowKey", "id", "type", "erasedAt"] };
  for await (const row of eventsOfSubject(store, chatSubject(chatId), read)) {
    const { rowKey, id, type, erasedAt } = row;
    if (!first.has(type)) first.set(type, { id, seq: seqOf(rowKey), isErased: erasedAt !== undefined });
  }
  return first;
}
