import { odata } from "@azure/data-tables";
import { inGroups } from "../core/in-groups.ts";
import type { EventType } from "../schemas/webhook.ts";
import { after as keyAfter } from "../storage/keys.ts";
import { type ReadOptions, type Row, readRows } from "../storage/rows.ts";
import { type EventRow, type IdentityRow, readEventRow, readEventRows } from "./event-row.ts";
import { hoursBehind } from "./find-hours.ts";
import type { Head } from "./head.ts";
import { countOf } from "./hours.ts";
import { identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Places after `after`, up to and including `upTo`. */
export type Places = { after: number; upTo: number };
/** A place beyond the end of any log. */
export const NO_END = Number.MAX_SAFE_INTEGER - 1;

/**
 * The rows of a type's events. It reads ranges of the log that contain such events, with a filter. A range is short,
 * so storage can read it within the time limit of a request.
 */
export async function* eventsOfType(
  store: Store,
  type: EventType,
  places: Places,
  { head, pageSize }: { head: Head; pageSize: number },
): AsyncGenerator<Row<EventRow>> {
  const options = { where: odata`type eq ${type}`, pageSize };
  for await (const stretch of stretchesOfType(store, type, places, head)) {
    yield* readEventRows(store, { ...stretch, ...options });
  }
}

/** How many places one request covers. */
const STRETCH = 1_000;

/** The ranges of the log that contain all events of a type, up to the head. Hours without such events are skipped. */
async function* stretchesOfType(
  store: Store,
  type: EventType,
  { after, upTo }: Places,
  head: Head,
): AsyncGenerator<{ from: number; through: number }> {
  let next = after + 1;
  for await (const hour of hoursBehind(store, next, head)) {
    if (hour.from > upTo) return;
    if (countOf(hour, type) === 0) continue;
    for (let from = Math.max(hour.from, next); from <= Math.min(hour.through, upTo); from = next) {
      next = from + STRETCH;
      yield { from, through: Math.min(next - 1, upTo, head.seq) };
    }
  }
}

/** The places of a chat's or ticket's events, in order. `subject` is the prefix of their ids. */
export async function placesOfSubject(
  { table, partitionKey }: Store,
  subject: string,
  { after = 0, upTo = NO_END, signal }: Partial<Places> & ReadOptions = {},
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

/** How many point reads run at once. */
const POINT_READS = 32;

/** Reads the events of a subject by their places: in one request when they are close together, otherwise one by one. */
export async function* readPlaces(
  store: Store,
  places: number[],
  subject: string,
  { signal, select }: ReadOptions = {},
): AsyncGenerator<Row<EventRow>> {
  const [from = 0, through = 0] = [places[0], places.at(-1)];
  if (places.length > 1 && through - from < STRETCH) {
    const where = odata`id ge ${subject} and id lt ${keyAfter(subject)}`;
    yield* readEventRows(store, { from, through, where, signal, select });
    return;
  }
  const rows = inGroups(places, POINT_READS, (seq) => readEventRow(store, seq, { signal, select }));
  for await (const row of rows) if (row) yield row;
}
