import { readRows } from "../storage/rows.ts";
import { readEventRow } from "./event-row.ts";
import type { Head } from "./head.ts";
import { type Hour, type HourColumns, hourOf, startOfHour, toHour } from "./hours.ts";
import { hourKey } from "./keys.ts";
import type { Store } from "./store.ts";

/** The hours with events from `hour` on, in order. */
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

/** The hours with events at `seq` or later places. */
export async function* hoursFromPlace(store: Store, seq: number, head: Head): AsyncGenerator<Hour> {
  if (head.hour && seq >= head.hour.from) return yield head.hour;
  const row = await readEventRow(store, seq, { select: ["receivedAt"] });
  // Without this row, retention has removed the event, and the log begins with a later one.
  const hour = row ? hourOf(row.receivedAt) : "";
  for await (const found of hoursFrom(store, hour, head)) if (found.through >= seq) yield found;
}

/**
 * The place of the first event that was received at `instant` (ISO 8601) or later; without such an event, the place after
 * the end of the log. Times never decrease along the log, so a binary search in the hour finds the place with about ten
 * point reads.
 */
export async function findTime(store: Store, instant: string, head: Head): Promise<number> {
  let found: Hour | undefined;
  for await (found of hoursFrom(store, hourOf(instant), head, 1)) break;
  if (!found) return head.seq + 1;
  if (instant <= startOfHour(found)) return found.from;
  let low = found.from;
  let high = found.through + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await readEventRow(store, middle, { select: ["receivedAt"] });
    if (row === undefined || row.receivedAt < instant) low = middle + 1;
    else high = middle;
  }
  return low;
}
