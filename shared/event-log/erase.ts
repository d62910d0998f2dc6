import type { TransactionAction } from "@azure/data-tables";
import { FORMAT } from "../storage/format.ts";
import type { Row } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { bodyKeys } from "./bodies.ts";
import { EVERYWHERE, eventsOfSubject } from "./choose.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import type { Store } from "./store.ts";
import type { StoredEvent } from "./types.ts";

/** The events of a chat or ticket that are not erased, in the order of the log. `isIt` excludes namesakes by hash. */
export async function* eventsAbout(
  store: Store,
  subject: string,
  isIt: (event: StoredEvent) => boolean,
): AsyncGenerator<{ row: Row<EventRow>; event: StoredEvent }> {
  for await (const row of eventsOfSubject(store, subject, EVERYWHERE)) {
    const event = await readEvent(store, row);
    if (event && "payload" in event && isIt(event)) yield { row, event };
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
 * Puts a tombstone in an event's place; `false` when it is erased or removed already. The identity stays, so that a
 * late delivery of the event is still a duplicate and does not bring it back.
 */
export async function eraseEvent(
  { table, partitionKey }: Store,
  row: Row<EventRow>,
  erasedAt: string,
): Promise<boolean> {
  const { rowKey = "", id, type, origin, occurredAt, receivedAt } = row;
  const place = { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt };
  const tombstone = { ...place, format: FORMAT, erasedAt };
  const actions: TransactionAction[] = [["update", tombstone, "Replace", { etag: row.etag }]];
  for (const key of bodyKeys(id, row)) actions.push(["delete", { partitionKey, rowKey: key }]);
  return (await submit(table, actions)).committed;
}
