import type { TransactionAction } from "@azure/data-tables";
import { FORMAT } from "../storage/format.ts";
import type { Row } from "../storage/rows.ts";
import { bodyKeys, removeWhole } from "./bodies.ts";
import { EVERYWHERE, eventsOfSubject } from "./choose.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import type { Store } from "./store.ts";
import type { LogEvent, StoredEvent } from "./types.ts";

/**
 * The events of a chat or ticket that are not erased, in the order of the log. Namesakes by hash are left out by `isIt`;
 * an event that cannot be read has nothing but its hash to go by.
 */
export async function* eventsAbout(
  store: Store,
  subject: string,
  isIt: (event: StoredEvent) => boolean,
): AsyncGenerator<{ row: Row<EventRow>; event: LogEvent }> {
  for await (const row of eventsOfSubject(store, subject, EVERYWHERE)) {
    const event = await readEvent(store, row);
    if (!event || "erased" in event) continue;
    if (!("payload" in event) || isIt(event)) yield { row, event };
  }
}

/** Erases all events of a chat or ticket; returns how many. `erasedAt` is ISO 8601. */
export async function eraseSubject(
  store: Store,
  subject: string,
  isIt: (event: StoredEvent) => boolean,
  erasedAt: string,
): Promise<number> {
  let erased = 0;
  for await (const { row } of eventsAbout(store, subject, isIt)) {
    if (await eraseEvent(store, row, erasedAt)) erased++;
  }
  return erased;
}

/**
 * Puts a tombstone in an event's place; `false` when it is erased or removed already. The identity stays, so a late
 * delivery of the event is a duplicate and does not bring it back.
 */
export async function eraseEvent(store: Store, row: Row<EventRow>, erasedAt: string): Promise<boolean> {
  const { partitionKey } = store;
  const { rowKey, id, type, origin, occurredAt, receivedAt, etag } = row;
  const place = { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt };
  const tombstone = { ...place, format: FORMAT, erasedAt };
  const action: TransactionAction = ["update", tombstone, "Replace", { etag }];
  return (await removeWhole(store, [{ action, parts: bodyKeys(id, row) }])) > 0;
}
