import { odata } from "@azure/data-tables";
import { inGroups } from "../core/in-groups.ts";
import type { EventType } from "../schemas/webhook.ts";
import { after as keyAfter } from "../storage/keys.ts";
import { type Row, readRows } from "../storage/rows.ts";
import { type EventRow, type IdentityRow, readEventRow, readEventRows } from "./event-row.ts";
import { hoursBehind } from "./find-hours.ts";
import type { Head } from "./head.ts";
import { countOf } from "./hours.ts";
import { identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Places behind `after`, up to and with `upTo`. */
export type Places = { after: number; upTo: number };
export const EVERYWHERE: Places = { after: 0, upTo: Number.MAX_SAFE_INTEGER - 1 };

/** How many rows a request brings: rows may weigh 64 KiB, so a page of them stays far below what memory allows. */
const EVENT_ROWS = 256;

/** The rows of all events of a span, by range reads. `limit` is how many are wanted. */
export function everyEvent(
  store: Store,
  { after, upTo }: Places,
  limit: number,
): AsyncIterable<Row<EventRow>> {
  return readEventRows(store, { from: after + 1, through: upTo, pageSize: Math.min(limit, EVENT_ROWS) });
}

/**
 * The rows of a type's events, by filtered range reads of stretches that have some. Stretches are short, so storage can
 * read each within its time limit for a request.
 */
export async function* eventsOfType(
  store: Store,
  type: EventType,
  span: Places,
  { head, limit }: { head: Head; limit: number },
): AsyncGenerator<Row<EventRow>> {
  const options = { where: odata`type eq ${type}`, pageSize: Math.min(limit, EVENT_ROWS) };
  for await (const stretch of stretchesOfType(store, type, span, head)) {
    yield* readEventRows(store, { ...stretch, ...options });
  }
}

/** How many places are read through in one request. */
const STRETCH = 1_000;

type Stretch = { from: number; through: number };

/** The places that have all events of a type in a span, as few and short stretches as hours make them. */
async function* stretchesOfType(
  store: Store,
  type: EventType,
  { after, upTo }: Places,
  head: Head,
): AsyncGenerator<Stretch> {
  let open: Stretch | undefined;
  for await (const hour of hoursBehind(store, after + 1, head)) {
    if (hour.from > upTo) break;
    if (countOf(hour, type) === 0) continue;
    const from = Math.max(hour.from, after + 1);
    const through = Math.min(hour.through, upTo);
    if (open && through - open.from < STRETCH) open.through = through;
    else {
      if (open) yield* shortStretches(open);
      open = { from, through };
    }
  }
  if (open) yield* shortStretches(open);
}

function* shortStretches({ from, through }: Stretch): Generator<Stretch> {
  for (let start = from; start <= through; start += STRETCH) {
    yield { from: start, through: Math.min(start + STRETCH - 1, through) };
  }
}

type ReadOptions = { signal?: AbortSignal; select?: string[] };

/** The places of a chat's or ticket's events, in order. `subject` is the beginning of their ids. */
export async function placesOfSubject(
  { table, partitionKey }: Store,
  subject: string,
  { after, upTo }: Places,
  { signal }: ReadOptions = {},
): Promise<number[]> {
  const range = { ...identitiesOf(subject), signal };
  const found = await Array.fromAsync(readRows<IdentityRow>(table, partitionKey, range), ({ seq }) => seq);
  return found.filter((seq) => seq > after && seq <= upTo).sort((a, b) => a - b);
}

/** The rows of a chat's or ticket's events, in the order of the log. `subject` is the beginning of their ids. */
export async function* eventsOfSubject(
  store: Store,
  subject: string,
  span: Places,
  options?: ReadOptions,
): AsyncGenerator<Row<EventRow>> {
  yield* readPlaces(store, await placesOfSubject(store, subject, span, options), subject, options);
}

/** Point reads at the same time. */
const POINT_READS = 32;

/** Reads the events of a subject by their places: in one request when they are close together, otherwise one by one. */
export async function* readPlaces(
  store: Store,
  places: number[],
  subject: string,
  options?: ReadOptions,
): AsyncGenerator<Row<EventRow>> {
  const [from = 0, through = 0] = [places[0], places.at(-1)];
  if (places.length > 1 && through - from < STRETCH) {
    const where = odata`id ge ${subject} and id lt ${keyAfter(subject)}`;
    yield* readEventRows(store, { ...options, from, through, where });
    return;
  }
  const rows = inGroups(places, POINT_READS, (seq) => readEventRow(store, seq, options));
  for await (const row of rows) if (row) yield row;
}
