import { odata } from "@azure/data-tables";
import type { EventType } from "../schemas/webhook.ts";
import { type Row, readRow, readRows } from "../storage/rows.ts";
import type { EventRow, IdentityRow } from "./event-row.ts";
import { type BlockRow, blockAt, type Head, marked } from "./head.ts";
import { blockKey, blockOf, EVENTS, eventKey, identitiesOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Places behind `after`, up to and with `upTo`. */
export type Span = { after: number; upTo: number };

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

/** The rows of a type's events: range reads of the marks, then of the events that they name. */
export async function* eventsOfType(
  store: Store,
  type: EventType,
  { after, upTo }: Span,
  { head, limit }: { head: Head; limit: number },
): AsyncGenerator<Row<EventRow>> {
  let places: number[] = [];
  for await (const seq of placesOfType(store, type, after, head)) {
    if (seq > upTo) break;
    places.push(seq);
    if (places.length < Math.min(limit, PAGE_SIZE)) continue;
    yield* readPlaces(store, places, type);
    places = [];
  }
  yield* readPlaces(store, places, type);
}

/** The rows of a chat's or ticket's events, in the order of the log. `subject` is the beginning of their ids. */
export async function* eventsOfSubject(
  store: Store,
  subject: string,
  { after, upTo }: Span,
): AsyncGenerator<Row<EventRow>> {
  const places: number[] = [];
  for await (const { seq } of readRows<IdentityRow>(store.table, store.partitionKey, identitiesOf(subject))) {
    if (seq > after && seq <= upTo) places.push(seq);
  }
  places.sort((a, b) => a - b);
  yield* readPlaces(store, places);
}

async function* placesOfType(
  store: Store,
  type: EventType,
  after: number,
  head: Head,
): AsyncGenerator<number> {
  const first = blockAt(after + 1);
  const current = blockAt(head.seq);
  if (first < current) {
    const full = readRows<BlockRow>(store.table, store.partitionKey, {
      from: blockKey(first),
      before: blockKey(current),
      select: ["rowKey", `marks_${type}`],
      pageSize: PAGE_SIZE,
    });
    for await (const row of full) {
      for (const seq of marked(row[`marks_${type}`], blockOf(row.rowKey ?? ""))) if (seq > after) yield seq;
    }
  }
  for (const seq of marked(head.marks[type], current)) if (seq > after) yield seq;
}

/** Point reads at the same time. */
const AT_ONCE = 32;
/** Up to how many places for one that is wanted a range read costs less than point reads. */
const SPARSE = 8;

/** Reads events by their places: a range when those of the type stand close together, else one by one. */
async function* readPlaces(
  { table, partitionKey }: Store,
  places: number[],
  type?: EventType,
): AsyncGenerator<Row<EventRow>> {
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  if (type && places.length > 1 && last - first < SPARSE * places.length) {
    const range = { from: eventKey(first), before: eventKey(last + 1), where: odata`type eq ${type}` };
    yield* readRows<EventRow>(table, partitionKey, range);
    return;
  }
  for (let start = 0; start < places.length; start += AT_ONCE) {
    const some = places.slice(start, start + AT_ONCE);
    const rows = await Promise.all(some.map((seq) => readRow<EventRow>(table, partitionKey, eventKey(seq))));
    for (const row of rows) if (row) yield row;
  }
}
