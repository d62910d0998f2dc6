import type { EventType } from "../schemas/webhook.ts";
import { eventsOfSubject } from "./choose.ts";
import { chatSubject, seqOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** An event that is in the log, and its place there. */
export type KnownEvent = { id: string; seq: number; isErased: boolean };

/**
 * The first event of each type that the log has of a chat, at any time and by either of LiveChat's APIs. Erased ones
 * count. Two requests, and one more for each event that stands far from the others.
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
