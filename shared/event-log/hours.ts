import type { TableEntity } from "@azure/data-tables";
import { EVENT_TYPES, type EventType, ORIGINS, type Origin } from "../schemas/webhook.ts";
import { hourKey } from "./keys.ts";

/**
 * The events that were received in one hour (UTC): their places, which have no gap, and their number by type and
 * origin. The head has the last hour. The first append of a new hour writes the row of the previous hour. So a count
 * reads one row for each hour, and a reader of one type skips hours without events of that type.
 */
export type Hour = {
  /** `2026-01-15T10` */
  hour: string;
  /** The places of its first and last event. */
  from: number;
  through: number;
  counts: Counts;
};

type Counts = Record<`${EventType}_${Origin}`, number>;

/** The columns of an hour. The head's row has them too, without `through`. */
export type HourColumns = { hour: string; from: number; through: number } & Partial<CountColumns>;
type CountColumns = { [Name in keyof Counts as `n_${Name}`]: number };

export const hourOf = (instant: string) => instant.slice(0, 13);
export const startOfHour = (hour: Hour) => `${hour.hour}:00:00.000Z`;

/** The hour of receipt with an event added. `last` is the hour of the event before. */
export function countIn(
  last: Hour | undefined,
  { seq, receivedAt }: { seq: number; receivedAt: string },
  { type, origin }: { type: EventType; origin: Origin },
): Hour {
  const hour = hourOf(receivedAt);
  const { from, counts } = last?.hour === hour ? last : { from: seq, counts: NO_EVENTS };
  const name = `${type}_${origin}` as const;
  return { hour, from, through: seq, counts: { ...counts, [name]: counts[name] + 1 } };
}

const COUNT_NAMES = EVENT_TYPES.flatMap((type) => ORIGINS.map((origin) => `${type}_${origin}` as const));
const NO_EVENTS = Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])) as Counts;

export function toHourColumns({ hour, from, counts }: Hour) {
  return { hour, from, ...Object.fromEntries(COUNT_NAMES.map((name) => [`n_${name}`, counts[name]])) };
}

export function toHourRow(hour: Hour, partitionKey: string): TableEntity {
  return { partitionKey, rowKey: hourKey(hour.hour), ...toHourColumns(hour), through: hour.through };
}

export function toHour(row: HourColumns): Hour {
  const counts = Object.fromEntries(COUNT_NAMES.map((name) => [name, row[`n_${name}`] ?? 0])) as Counts;
  return { hour: row.hour, from: row.from, through: row.through, counts };
}

export function countOf({ counts }: Hour, type: EventType): number {
  return ORIGINS.reduce((sum, origin) => sum + counts[`${type}_${origin}`], 0);
}
