import type { EventType } from "../schemas/webhook.ts";
import { eventsOfSubject } from "./choose.ts";
import { chatSubject, seqOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Where the log has an event. */
export type Told = { id: string; seq: number; isErased: boolean };

/**
 * The types of events that the log has of a chat, at any time and by either of LiveChat's APIs; of two of one type the
 * first. Erased ones count. Two requests, and one more for each event that stands far from the others.
 */
export async function toldOf(
  store: Store,
  chatId: string,
  options: { signal?: AbortSignal } = {},
): Promise<Map<EventType, Told>> {
  const told = new Map<EventType, Told>();
  const read = { ...options, select: ["rowKey", "id", "type", "erasedAt"] };
  for await (const row of eventsOfSubject(store, chatSubject(chatId), read)) {
    const { rowKey, id, type, erasedAt } = row;
    if (!told.has(type)) told.set(type, { id, seq: seqOf(rowKey), isErased: erasedAt !== undefined });
  }
  return told;
}
