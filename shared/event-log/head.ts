import { randomUUID } from "node:crypto";
import type { TableEntity } from "@azure/data-tables";
import { toIso } from "../core/time.ts";
import { defined } from "../core/values.ts";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { type ReadOptions, readRow, readRows } from "../storage/rows.ts";
import { countIn, type Hour, type HourColumns, toHour, toHourColumns } from "./hours.ts";
import { HEAD, HEAD_AND_WAITING, waitingInstance } from "./keys.ts";
import type { Store } from "./store.ts";
import type { NewEvent } from "./types.ts";

/**
 * The row with the end of the log. Every append changes this row, conditional on its ETag. That puts the appends of
 * all instances into one order.
 */
export type Head = HeadColumns & {
  lastReceived: Partial<Record<EventType, string>>;
  /** The hour of the last event. */
  hour?: Hour;
  /** Missing until the first event is in the log. */
  etag?: string;
};

type HeadColumns = {
  /** The name of this log. A log in another or an emptied table has another name. Missing until the first event. */
  log?: string;
  seq: number;
  receivedAt?: string;
  /** The licence of the first event that had one; an empty text in the row when there was none. */
  licence?: string;
  /** The instance with the next turn to append, while several wait; an empty text in the row when none waits. */
  turn?: string;
};

type LastReceived = Partial<Record<`last_${EventType}`, string>>;
type HeadRow = HeadColumns & LastReceived & Partial<Omit<HourColumns, "through">> & Formatted;

/** The head, and the instances that wait for their turn to append. */
export type KnownHead = { head: Head; waiting: readonly string[] };

/** @throws {NewerFormat} */
export async function readHead({ table, partitionKey }: Store, { signal }: ReadOptions = {}): Promise<Head> {
  return toHead(await readRow<HeadRow>(table, partitionKey, HEAD, { signal }));
}

/** @throws {NewerFormat} */
export async function readHeadAndWaiting(
  { table, partitionKey }: Store,
  { signal }: ReadOptions = {},
): Promise<KnownHead> {
  let head = toHead(undefined);
  const waiting: string[] = [];
  for await (const row of readRows<HeadRow>(table, partitionKey, { ...HEAD_AND_WAITING, signal })) {
    if (row.rowKey === HEAD) head = toHead(row);
    else waiting.push(waitingInstance(row.rowKey));
  }
  return { head, waiting };
}

function toHead(row: (HeadRow & { etag: string }) | undefined): Head {
  if (!row) return { seq: 0, lastReceived: {} };
  const { log, seq, receivedAt, licence, turn, hour, from, etag } = checkFormat(row, "event log");
  const last = Object.fromEntries(EVENT_TYPES.map((type) => [type, row[`last_${type}`]]));
  return {
    log,
    seq,
    receivedAt,
    lastReceived: defined(last),
    licence: licence || undefined,
    hour: hour !== undefined && from !== undefined ? toHour({ ...row, hour, from, through: seq }) : undefined,
    turn: turn || undefined,
    etag,
  };
}

/**
 * When events count as received (ISO 8601). Times of receipt never decrease along the log, even when the clocks of two
 * instances differ, so the log can be searched by time.
 *
 * @param now milliseconds since the epoch
 */
export function receiptTime({ receivedAt = "" }: Head, now: number): string {
  const clock = toIso(now);
  return receivedAt > clock ? receivedAt : clock;
}

/** The head after events that were received at this time. */
export function advanceHead(
  { etag: _, log = randomUUID(), ...last }: Head,
  events: readonly Pick<NewEvent, "type" | "origin" | "licence">[],
  receivedAt: string,
): Head {
  const next: Head = { ...last, log, receivedAt, lastReceived: { ...last.lastReceived } };
  for (const { type, origin, licence } of events) {
    next.seq++;
    next.hour = countIn(next.hour, { seq: next.seq, receivedAt }, { type, origin });
    next.lastReceived[type] = receivedAt;
    next.licence ??= licence;
  }
  return next;
}

/** For a merge into the existing row: it has every column that can change. */
export function toHeadRow(
  { log, seq, receivedAt, lastReceived, licence = "", hour, turn = "" }: Head,
  partitionKey: string,
): TableEntity {
  const last = Object.fromEntries(Object.entries(lastReceived).map(([type, at]) => [`last_${type}`, at]));
  const row = { partitionKey, rowKey: HEAD, format: FORMAT, log, seq, receivedAt, licence, turn, ...last };
  return { ...row, ...(hour && toHourColumns(hour)) };
}
