import type { EventType } from "../schemas/webhook.ts";
import { readRow, readRows } from "../storage/rows.ts";
import type { EventRow, IdentityRow } from "./event-row.ts";
import { chatSubject, eventKey, identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Where the log has an event. */
export type Told = { id: string; seq: number; isErased: boolean };

/**
 * The types of events that the log has of a chat, at any time and by either of LiveChat's APIs; of two of one type the
 * first. Erased ones count. Two requests, and one more for each further event.
 */
export async function toldOf(
  { table, partitionKey }: Store,
  chatId: string,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Map<EventType, Told>> {
  const places: number[] = [];
  const range = { ...identitiesOf(chatSubject(chatId)), signal };
  for await (const { seq } of readRows<IdentityRow>(table, partitionKey, range)) places.push(seq);
  const told = new Map<EventType, Told>();
  const select = ["id", "type", "erasedAt"];
  const rows = await Promise.all(
    places
      .sort((a, b) => a - b)
      .map(async (seq) => ({
        seq,
        row: await readRow<EventRow>(table, partitionKey, eventKey(seq), { signal, select }),
      })),
  );
  for (const { seq, row } of rows) {
    if (!row || told.has(row.type)) continue;
    told.set(row.type, { id: row.id, seq, isErased: row.erasedAt !== undefined });
  }
  return told;
}
