import { odata } from "@azure/data-tables";
import { inGroups } from "../core/values.ts";
import type { EventType } from "../schemas/webhook.ts";
import { endOf } from "../storage/keys.ts";
import { type ReadOptions, type Row, readRows } from "../storage/rows.ts";
import { type EventRow, type IdentityRow, readEventRow, readEventRows } from "./event-row.ts";
import { hoursFromPlace } from "./find-hours.ts";
import type { Head } from "./head.ts";
import { countOf } from "./hours.ts";
import { identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Places after `after`, up to and including `upTo`. */
export type Places = { after: number; upTo: number };

/** One request covers at most this many places. Storage can search them within the request's time limit. */
export const PLACES_PER_REQUEST = 1_000;

/** The rows of a type's events in the log. Hours without such events are not read. */
export async function* eventsOfType(
  store: Store,
  type: EventType,
  { after, upTo }: Places,
  { head, pageSize }: { head: Head; pageSize: number },
): AsyncGenerator<Row<EventRow>> {
  const where = odata`type eq ${type}`;
  let next = after + 1;
  for await (const hour of hoursFromPlace(store, next, head)) {
    if (hour.from > upTo) return;
    if (countOf(hour, type) === 0) continue;
    for (let from = Math.max(hour.from, next); from <= Math.min(hour.through, upTo); from = next) {
      next = from + PLACES_PER_REQUEST;
      yield* readEventRows(store, { from, through: Math.min(next - 1, upTo), where, pageSize });
    }
  }
}

/** The places of a chat's or ticket's events, in order. `subject` is the prefix of their ids. */
export async function placesOfSubject(
  { table, partitionKey }: Store,
  subject: string,
  { after = 0, upTo = Number.POSITIVE_INFINITY, signal }: Partial<Places> & ReadOptions = {},
): Promise<number[]> {
  const range = { ...identitiesOf(subject), signal };
  const found = await Array.fromAsync(readRows<IdentityRow>(table, partitionKey, range), ({ seq }) => seq);
  return found.filter((seq) => seq > after && seq <= upTo).sort((a, b) => a - b);
}

/** The rows of a chat's or ticket's events, in the order of the log. `subject` is the prefix of their ids. */
export async function* eventsOfSubject(
  store: Store,
  subject: string,
  options: Partial<Places> & ReadOptions = {},
): AsyncGenerator<Row<EventRow>> {
  yield* readPlaces(store, await placesOfSubject(store, subject, options), subject, options);
}

const POINT_READS_AT_ONCE = 32;

/**
 * Reads the events of a subject by their places: with one query when they are close together, otherwise with a point
 * read for each.
 */
export async function* readPlaces(
  store: Store,
  places: number[],
  subject: string,
  { signal, select }: ReadOptions = {},
): AsyncGenerator<Row<EventRow>> {
  const [from = 0, through = 0] = [places[0], places.at(-1)];
  if (places.length > 1 && through - from < PLACES_PER_REQUEST) {
    const where = odata`id ge ${subject} and id lt ${endOf(subject)}`;
    yield* readEventRows(store, { from, through, where, signal, select });
    return;
  }
  const rows = inGroups(places, POINT_READS_AT_ONCE, (seq) => readEventRow(store, seq, { signal, select }));
  for await (const row of rows) if (row) yield row;
}
