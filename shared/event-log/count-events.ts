import { odata } from "@azure/data-tables";
import type { EventType } from "../schemas/webhook.ts";
import { readEventRows } from "./event-row.ts";
import { findTime, hoursFrom } from "./find-hours.ts";
import { readHead } from "./head.ts";
import { countOf, type Hour, hourOf, startOfHour } from "./hours.ts";
import type { Store } from "./store.ts";

/** See `EventLog.count`. The log has the counts of whole hours. In a partial first or last hour, events are counted. */
export async function countOfType(
  store: Store,
  { type, from, to }: { type: EventType; from: string; to: string },
): Promise<number> {
  const head = await readHead(store);
  const [first, end] = await Promise.all([findTime(store, from, head), findTime(store, to, head)]);
  const ofType = { where: odata`type eq ${type}`, select: ["rowKey"] };
  let count = 0;
  for await (const hour of hoursFrom(store, hourOf(from), head)) {
    if (hour.from >= end) break;
    if (hour.from >= first && hour.through < end) {
      count += countOf(hour, type);
      continue;
    }
    const places = { from: Math.max(first, hour.from), through: Math.min(end - 1, hour.through) };
    for await (const _ of readEventRows(store, { ...places, ...ofType })) count++;
  }
  return count;
}

/** See `EventLog.countByHour`. Each hour is one row. */
export async function countByHour(store: Store, { from, to }: { from: string; to: string }): Promise<Hour[]> {
  const head = await readHead(store);
  const hours: Hour[] = [];
  for await (const hour of hoursFrom(store, hourOf(from), head)) {
    if (startOfHour(hour) >= to) break;
    hours.push(hour);
  }
  return hours;
}
