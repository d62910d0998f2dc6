import { odata } from "@azure/data-tables";
import type { EventType } from "../schemas/webhook.ts";
import { after as keyAfter } from "../storage/keys.ts";
import { type Row, readRow, readRows } from "../storage/rows.ts";
import type { EventRow, IdentityRow } from "./event-row.ts";
import { hoursBehind } from "./find-hours.ts";
import type { Head } from "./head.ts";
import { countOf } from "./hours.ts";
import { EVENTS, eventKey, identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Places behind `after`, up to and with `upTo`. */
export type Span = { after: number; upTo: number };
export const EVERYWHERE: Span = { after: 0, upTo: Number.MAX_SAFE_INTEGER };

/** How many rows a request brings: rows may weigh 64 KiB, so a page of them stays far below what memory allows. */
const PAGE_SIZE = 256;

/** The rows of all events of a span, by range reads. `limit` is how many are wanted. */
export function everyEvent(
  { table, partitionKey }: Store,
  { after, upTo }: Span,
  limit: number,
): AsyncIterable<Row<EventRow>> {
  const before = upTo < Number.MAX_SAFE_INTEGER ? eventKey(upTo + 1) : EVENTS.before;
  const pageSize = Math.min(limit, PAGE_SIZE);
  return readRows<EventRow>(table, partitionKey, { from: eventKey(after + 1), before, pageSize });
}

/**
 * The rows of a type's events, by filtered range reads of stretches that have some. Stretches are short, so storage can
 * read each within its time limit for a request.
 */
export async function* eventsOfType(
  store: Store,
  type: EventType,
  span: Span,
  { head, limit }: { head: Head; limit: number },
): AsyncGenerator<Row<EventRow>> {
  const { table, partitionKey } = store;
  const where = odata`type eq ${type}`;
  const pageSize = Math.min(limit, PAGE_SIZE);
  for await (const { from, through } of stretchesOfType(store, type, span, head)) {
    const range = { from: eventKey(from), before: eventKey(through + 1), where, pageSize };
    yield* readRows<EventRow>(table, partitionKey, range);
  }
}

/** How many places are read through in one request. */
const STRETCH = 1_000;

type Stretch = { from: number; through: number };

/** The places that have all events of a type in a span, as few and short stretches as hours make them. */
async function* stretchesOfType(
  store: Store,
  type: EventType,
  { after, upTo }: Span,
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
      if (open) yield* cut(open);
      open = { from, through };
    }
  }
  if (open) yield* cut(open);
}

function* cut({ from, through }: Stretch): Generator<Stretch> {
  for (let start = from; start <= through; start += STRETCH) {
    yield { from: start, through: Math.min(start + STRETCH - 1, through) };
  }
}

/** The places of a chat's or ticket's events, in order. `subject` is the beginning of their ids. */
export async function placesOfSubject(
  store: Store,
  subject: string,
  { after, upTo }: Span,
): Promise<number[]> {
  const places: number[] = [];
  for await (const { seq } of readRows<IdentityRow>(store.table, store.partitionKey, identitiesOf(subject))) {
    if (seq > after && seq <= upTo) places.push(seq);
  }
  return places.sort((a, b) => a - b);
}

/** The rows of a chat's or ticket's events, in the order of the log. `subject` is the beginning of their ids. */
export async function* eventsOfSubject(
  store: Store,
  subject: string,
  span: Span,
): AsyncGenerator<Row<EventRow>> {
  yield* readPlaces(store, await placesOfSubject(store, subject, span), subject);
}

/** Point reads at the same time. */
const AT_ONCE = 32;

/** Reads the events of a subject by their places: in one request when they are close together, otherwise one by one. */
export async function* readPlaces(
  { table, partitionKey }: Store,
  places: number[],
  subject: string,
): AsyncGenerator<Row<EventRow>> {
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  if (places.length > 1 && last - first < STRETCH) {
    const where = odata`id ge ${subject} and id lt ${keyAfter(subject)}`;
    const range = { from: eventKey(first), before: eventKey(last + 1), where };
    yield* readRows<EventRow>(table, partitionKey, range);
    return;
  }
  for (let start = 0; start < places.length; start += AT_ONCE) {
    const some = places.slice(start, start + AT_ONCE);
    const rows = await Promise.all(some.map((seq) => readRow<EventRow>(table, partitionKey, eventKey(seq))));
    for (const row of rows) if (row) yield row;
  }
}
