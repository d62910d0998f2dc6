import type { TransactionAction } from "@azure/data-tables";
import { FORMAT } from "../storage/format.ts";
import type { Row } from "../storage/rows.ts";
import { bodyKeys, submitWithParts } from "./bodies.ts";
import { eventsOfSubject } from "./choose.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import type { Store } from "./store.ts";
import type { LogEvent, StoredEvent } from "./types.ts";

/** An event and its row. */
export type Readable = { row: Row<EventRow>; event: LogEvent };

/**
 * The events of a chat or ticket that are not erased, in the order of the log. `isAbout` excludes the events of other
 * subjects with the same hash. An event that cannot be read is included because of its hash alone.
 */
export async function eventsAbout(
  store: Store,
  subject: string,
  isAbout: (event: StoredEvent) => boolean,
): Promise<Readable[]> {
  const found: Readable[] = [];
  for await (const row of eventsOfSubject(store, subject)) {
    const event = await readEvent(store, row);
    if (!event || "erased" in event) continue;
    if (!("payload" in event) || isAbout(event)) found.push({ row, event });
  }
  return found;
}

/** Erases events in this order; returns how many. `erasedAt` is ISO 8601. */
export async function eraseEvents(store: Store, events: Readable[], erasedAt: string): Promise<number> {
  let erased = 0;
  for (const { row } of events) if (await eraseEvent(store, row, erasedAt)) erased++;
  return erased;
}

/**
 * Replaces an event by a tombstone; `false` when it was already erased or removed. The identity row stays, so a late
 * delivery of the event is a duplicate and does not restore it.
 */
async function eraseEvent(store: Store, row: Row<EventRow>, erasedAt: string): Promise<boolean> {
  const { partitionKey } = store;
  const { rowKey, id, type, origin, occurredAt, receivedAt, etag } = row;
  const place = { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt };
  const tombstone = { ...place, format: FORMAT, erasedAt };
  const action: TransactionAction = ["update", tombstone, "Replace", { etag }];
  return (await submitWithParts(store, [{ action, parts: bodyKeys(id, row) }])) > 0;
}
