import type { EventType, Origin } from "../schemas/webhook.ts";
import { checkFormat, type Formatted } from "../storage/format.ts";
import { type Range, type ReadOptions, type Row, readRow, readRows } from "../storage/rows.ts";
import { type BodyProperties, readBody } from "./bodies.ts";
import { eventKey, identityKey, isId, seqOf } from "./keys.ts";
import { readPayload } from "./payload.ts";
import type { Store } from "./store.ts";
import { type LogEvent, TRACE } from "./types.ts";

/**
 * The row of an event; its key is the event's place. The subject and all content are only in the body, so removing
 * the body removes them.
 */
export type EventRow = {
  id: string;
  type: EventType;
  origin: Origin;
  occurredAt: string;
  receivedAt: string;
  /** Which visitors and requesters the event names: see `toPeopleColumn`. */
  people?: string;
  trace?: string;
  /** Present when the row is a tombstone, which has no body. */
  erasedAt?: string;
} & BodyProperties &
  Formatted;

/** The row that makes an event unique: creating it a second time fails. */
export type IdentityRow = {
  seq: number;
  /** A random text for each append. After a lost answer it shows whether the row is ours or another instance's. */
  nonce: string;
};

export function readEventRow({ table, partitionKey }: Store, seq: number, options?: ReadOptions) {
  return readRow<EventRow>(table, partitionKey, eventKey(seq), options);
}

/** The rows of the events from place `from` to place `through`, both included. */
export function readEventRows(
  { table, partitionKey }: Store,
  { from, through, ...options }: Omit<Range, "from" | "before"> & { from: number; through: number },
) {
  const range = { from: eventKey(from), before: eventKey(through + 1), ...options };
  return readRows<EventRow>(table, partitionKey, range);
}

export function readIdentity({ table, partitionKey }: Store, id: string, options?: ReadOptions) {
  return readRow<IdentityRow>(table, partitionKey, identityKey(id), options);
}

/**
 * Reads an event for readers of the log; `undefined` when it was removed just now. An event whose body is missing or
 * damaged is returned without content, so readers still get the events after it.
 *
 * @throws {StorageUnavailable} @throws {NewerFormat}
 */
export async function readEvent(store: Store, row: Row<EventRow>): Promise<LogEvent | undefined> {
  if (row.erasedAt !== undefined) return withoutContent(row);
  const place = placeOf(row);
  const raw = await readBody(store, row.id, row);
  const content = raw === undefined ? undefined : readPayload(row.type, raw);
  if (content) return { ...place, ...content, ...(row.trace !== undefined && { [TRACE]: row.trace }) };
  // The body is missing: perhaps the event and its body were removed between the two reads.
  const again = await readEventRow(store, place.seq);
  if (again && again.erasedAt === undefined) return { ...place, unreadable: true };
  return again && withoutContent(again);
}

/** The event without its content, which may be large. @throws {NewerFormat} */
export function withoutContent(row: Row<EventRow>): LogEvent {
  const { erasedAt } = row;
  return { ...placeOf(row), ...(erasedAt === undefined ? { omitted: true } : { erased: true, erasedAt }) };
}

function placeOf(row: Row<EventRow>) {
  const { rowKey, id, type, origin, occurredAt, receivedAt } = checkFormat(row, "event log");
  return { id, seq: seqOf(rowKey), type, origin, occurredAt, receivedAt };
}

/** The row of the event with this id: two point reads. */
export async function findEvent(store: Store, id: string): Promise<Row<EventRow> | undefined> {
  const identity = isId(id) ? await readIdentity(store, id) : undefined;
  return identity && readEventRow(store, identity.seq);
}
