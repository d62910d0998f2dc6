import type { TableEntity } from "@azure/data-tables";
import { EVENT_TYPES, type EventType, ORIGINS, type Origin } from "../schemas/webhook.ts";
import { readRow, readRows } from "../storage/rows.ts";
import type { EventRow } from "./event-row.ts";
import type { Head } from "./head.ts";
import { eventKey, hourKey } from "./keys.ts";
import type { Store } from "./store.ts";

/**
 * The events that were received in one hour (UTC): their places, which have no gap, and how many there are of each
 * type. The head has the last hour; an hour that is over has a row of its own, written by the append that begins the
 * next. So counting costs a row an hour, and a reader of one type passes over hours without it.
 */
export type Hour = {
  /** `2026-01-15T10` */
  hour: string;
  /** The places of its first and last event. */
  from: number;
  through: number;
  counts: Counts;
};

export type Counts = Record<`${EventType}_${Origin}`, number>;

/** How an hour is stored; in the head's row without `through`. */
export type HourColumns = { hour: string; from: number; through: number } & Partial<CountColumns>;
type CountColumns = { [Name in keyof Counts as `n_${Name}`]: number };

export const hourOf = (instant: string) => instant.slice(0, 13);

/** Adds an event to the hour that it was received in; a new hour begins with it when `last` is another. */
export function countIn(
  last: Hour | undefined,
  { seq, receivedAt }: { seq: number; receivedAt: string },
  { type, origin }: { type: EventType; origin: Origin },
): Hour {
  const hour = hourOf(receivedAt);
  const { from, counts } = last?.hour === hour ? last : { from: seq, counts: NONE };
  const name = `${type}_${origin}` as const;
  return { hour, from, through: seq, counts: { ...counts, [name]: counts[name] + 1 } };
}

const NAMES = EVENT_TYPES.flatMap((type) => ORIGINS.map((origin) => `${type}_${origin}` as const));
const NONE = Object.fromEntries(NAMES.map((name) => [name, 0])) as Counts;

export function toHourColumns({ hour, from, counts }: Hour) {
  return { hour, from, ...Object.fromEntries(NAMES.map((name) => [`n_${name}`, counts[name]])) };
}

export function toHourRow(hour: Hour, partitionKey: string): TableEntity {
  return { partitionKey, rowKey: hourKey(hour.hour), ...toHourColumns(hour), through: hour.through };
}

export function toHour(row: HourColumns): Hour {
  const counts = Object.fromEntries(NAMES.map((name) => [name, row[`n_${name}`] ?? 0])) as Counts;
  return { hour: row.hour, from: row.from, through: row.through, counts };
}

export function countOf({ counts }: Hour, type: EventType): number {
  return ORIGINS.reduce((sum, origin) => sum + counts[`${type}_${origin}`], 0);
}

/** The hours with events from `hour` on, in order; `head` has been read before. */
export async function* hoursFrom(
  { table, partitionKey }: Store,
  hour: string,
  head: Head,
  pageSize?: number,
): AsyncGenerator<Hour> {
  if (!head.hour) return;
  if (hour < head.hour.hour) {
    const range = { from: hourKey(hour), before: hourKey(head.hour.hour), pageSize };
    for await (const row of readRows<HourColumns>(table, partitionKey, range)) yield toHour(row);
  }
  if (hour <= head.hour.hour) yield head.hour;
}

/** The hours with events at `seq` and behind it. */
export async function* hoursBehind(store: Store, seq: number, head: Head): AsyncGenerator<Hour> {
  if (head.hour && seq >= head.hour.from) return yield head.hour;
  const row = await readRow<EventRow>(store.table, store.partitionKey, eventKey(seq), {
    select: ["receivedAt"],
  });
  // Places that retention has emptied are the oldest of the log.
  const hour = row ? hourOf(row.receivedAt) : "";
  for await (const found of hoursFrom(store, hour, head)) if (found.through >= seq) yield found;
}

/**
 * The place of the first event that was received at `instant` (ISO 8601) or later; the place behind the end when there
 * is none. Time only goes forward along the log, so it halves its way through the one hour: some ten point reads.
 */
export async function findTime(store: Store, instant: string, head: Head): Promise<number> {
  let found: Hour | undefined;
  for await (found of hoursFrom(store, hourOf(instant), head, 1)) break;
  if (!found) return head.seq + 1;
  if (instant <= `${found.hour}:00:00.000Z`) return found.from;
  let low = found.from;
  let high = found.through + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await readRow<EventRow>(store.table, store.partitionKey, eventKey(middle), {
      select: ["receivedAt"],
    });
    if (row === undefined || row.receivedAt < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}
