import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { defined } from "../../shared/core/values.ts";
import { bodyKeys } from "../../shared/event-log/bodies.ts";
import {
  BODIES,
  EVENTS,
  HEAD,
  identityKey,
  QUARANTINED,
  quarantineIdOf,
} from "../../shared/event-log/keys.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { FORMAT } from "../../shared/storage/format.ts";
import { ATTEMPTS_PARTITION } from "../../shared/subscriptions/attempts.ts";
import type { LogPlace } from "../../shared/subscriptions/subscription.ts";
import { ALL_TICKETS, pointerKeyOf, TICKETS_PARTITION } from "../../shared/tickets/store/ticket-row.ts";
import { TRANSCRIPTS_PARTITION } from "../../shared/transcripts/store.ts";
import { isIn, type StoredRow, textOf } from "./rows.ts";

const asMap = <Schema extends v.GenericSchema>(value: Schema) =>
  v.pipe(
    v.array(v.tuple([v.string(), value])),
    v.transform((entries) => new Map<string, v.InferOutput<Schema>>(entries)),
  );
const ErasedTicket = v.object({ erasedFor: v.optional(v.string()), erasedAt: v.string() });

/** What was erased in an app's tables. It has only ids, hashes, keys and times. */
export const Erasures = v.object({
  /** The time of the erasure (ISO 8601) of each event, by the event's id: its place differs in another log. */
  events: asMap(v.string()),
  /** By the key of the ticket's pointer: its other row has another key after each change. */
  tickets: asMap(ErasedTicket),
  /** Names of quarantined deliveries and waiting items of the backup that are no longer in the tables. */
  gone: v.pipe(
    v.array(v.string()),
    v.transform((names) => new Set(names)),
  ),
});
export type Erasures = v.InferOutput<typeof Erasures>;

/**
 * The decisions of a restore. They are stored before the tables change, because a restore that is repeated after an
 * interruption cannot make them again.
 */
export const Plan = v.object({
  ...Erasures.entries,
  /** The id of the restored log; missing when the backup has no event. */
  log: v.optional(v.string()),
});
export type Plan = v.InferOutput<typeof Plan>;

export function planToText({ log, events, tickets, gone }: Plan): string {
  return JSON.stringify({ log, events: [...events], tickets: [...tickets], gone: [...gone] });
}

/** All erasures of both, for instance those that an interrupted restore found and those since then. */
export function together(one: Erasures, other: Erasures): Erasures {
  return {
    events: new Map([...one.events, ...other.events]),
    tickets: new Map([...one.tickets, ...other.tickets]),
    gone: new Set([...one.gone, ...other.gone]),
  };
}

export type Place = Pick<LogPlace, "log" | "cursor">;

/**
 * The id of the restored log. New events will have the numbers of the events that the backup lacks. So the log gets a new
 * id when the tables have such events, or a subscription has received some.
 *
 * @param begun the id that an interrupted restore chose
 */
export function restoredLogId(
  log: { id: string; seq: number },
  places: readonly Place[],
  begun = log.id,
): string {
  const isAhead = places.some((place) => place.log === begun && place.cursor > log.seq);
  return isAhead ? randomUUID() : begun;
}

/** Whether a log is the backup's, or was restored from it under a new id. */
export function isContinued(head: StoredRow, log: string): boolean {
  return [textOf(head.log), ...(textOf(head.restoredFrom)?.split(",") ?? [])].includes(log);
}

/**
 * The last place of the tables' log, in the log with this id. A log that has been restored under a new id has other events
 * after the place of that restore, so it has no last place in the one before.
 */
export function lastPlaceIn(log: string, head: StoredRow): Place {
  const own = textOf(head.log);
  const isRenamed = own !== log && isContinued(head, log);
  return isRenamed
    ? { log, cursor: Number.POSITIVE_INFINITY }
    : { log: own, cursor: Number(textOf(head.seq)) };
}

/** The head of the restored log. With a new id it has the ids of the logs that it continues, oldest first. */
export function restoredHead(head: StoredRow, id: string): StoredRow {
  const from = textOf(head.log) ?? "";
  if (id === from) return head;
  const before = textOf(head.restoredFrom);
  return { ...withLog(head, id), restoredFrom: before ? `${before},${from}` : from };
}

export function withLog(row: StoredRow, id: string): StoredRow {
  return { ...row, log: { type: "String", value: id } };
}

export const isBody = (row: StoredRow) => row.partitionKey === LOG_PARTITION && isIn(BODIES, row);
export const isEvent = (row: StoredRow) => row.partitionKey === LOG_PARTITION && isIn(EVENTS, row);
export const isHead = ({ partitionKey, rowKey }: StoredRow) =>
  partitionKey === LOG_PARTITION && rowKey === HEAD;

/** Whether an erasure removes such a row without a tombstone: a quarantined delivery or a waiting item. */
export function leavesNoTombstone(row: StoredRow): boolean {
  if (row.partitionKey === TRANSCRIPTS_PARTITION) return true;
  return row.partitionKey === LOG_PARTITION && isIn(QUARANTINED, row);
}

/** A name for a row of the table of events. */
export const nameOf = ({ partitionKey, rowKey }: StoredRow) => `${partitionKey} ${rowKey}`;

/** The row to write for a row of the backup: the row itself or a tombstone; `undefined` when it must not come back. */
export function planRow(row: StoredRow, { events, tickets, gone }: Erasures): StoredRow | undefined {
  if (gone.has(nameOf(row))) return undefined;
  const { partitionKey, rowKey } = row;
  if (isEvent(row)) {
    const erasedAt = events.get(textOf(row.id) ?? "");
    return erasedAt === undefined ? row : toErasedEvent(row, erasedAt);
  }
  // A callback's answer may repeat the event.
  if (partitionKey === ATTEMPTS_PARTITION) return events.has(textOf(row.eventId) ?? "") ? undefined : row;
  if (partitionKey !== TICKETS_PARTITION) return row;
  const isTicket = isIn(ALL_TICKETS, row);
  const erased = tickets.get(isTicket ? pointerKeyOf(rowKey) : rowKey);
  if (!erased) return row;
  return isTicket ? toErasedTicket(row, erased) : { ...row, content: "", ...erased };
}

/** As the app erases an event: only its place stays. */
function toErasedEvent(row: StoredRow, erasedAt: string): StoredRow {
  const { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt } = row;
  const format = { type: "Int32", value: String(FORMAT) };
  return { partitionKey, rowKey, id, type, origin, occurredAt, receivedAt, format, erasedAt } as StoredRow;
}

/** The ticket keeps its row and its deletion, because the backup's state counts it there. */
function toErasedTicket(row: StoredRow, { erasedAt }: { erasedAt: string }): StoredRow {
  const { partitionKey, rowKey, change, deleted, deletedAt, api } = row;
  const nothing = { status: "", assignee: "", requester: "", people: "" };
  return defined({
    partitionKey,
    rowKey,
    change,
    deleted,
    deletedAt,
    api,
    ...nothing,
    erasedAt,
  }) as StoredRow;
}

/** The keys of the rows with the body of an event or of a quarantined delivery. */
export function bodyKeysOf(row: StoredRow): string[] {
  if (row.partitionKey !== LOG_PARTITION || row.bodyRows === undefined) return [];
  const owner = isIn(QUARANTINED, row) ? quarantineIdOf(row.rowKey) : (textOf(row.id) ?? "");
  const { bodyRows, bodyFingerprint } = row;
  return bodyKeys(owner, {
    bytes: Number(textOf(row.bytes)),
    bodyRows: Number(textOf(bodyRows)),
    bodyFingerprint: textOf(bodyFingerprint),
  });
}

/**
 * Rows that keep erased events out that the backup does not have: a late delivery finds the identity, and counts as a
 * duplicate. There is no event at the place 0.
 *
 * @param found the ids of erased events that the backup has
 */
export function identitiesOf({ events }: Erasures, found: ReadonlySet<string>): StoredRow[] {
  const missing = [...events].filter(([id]) => !found.has(id));
  return missing.map(([id, erasedAt]) => {
    const key = { partitionKey: LOG_PARTITION, rowKey: identityKey(id) };
    return { ...key, seq: { type: "Int32", value: "0" }, nonce: "", erasedAt };
  });
}

/**
 * Rows that keep erased tickets out that the backup does not have, as `keepOut` of the ticket store writes them.
 *
 * @param found the pointers of erased tickets that the backup has
 */
export function pointersOf({ tickets }: Erasures, found: ReadonlySet<string>): StoredRow[] {
  const missing = [...tickets].filter(([rowKey]) => !found.has(rowKey));
  return missing.map(([rowKey, { erasedFor, erasedAt }]) => {
    const key = { partitionKey: TICKETS_PARTITION, rowKey };
    return defined({ ...key, row: "", content: "", erasedFor, erasedAt, deletedAt: erasedAt }) as StoredRow;
  });
}
