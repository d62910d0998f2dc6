import type { Row } from "../storage/rows.ts";
import { eventsOfSubject, eventsOfType, everyEvent, type Span } from "./choose.ts";
import { type EventRow, readEvent } from "./event-row.ts";
import { findTime } from "./find-time.ts";
import { type Head, readHead } from "./head.ts";
import { chatSubject, ticketSubject } from "./keys.ts";
import type { Store } from "./store.ts";
import type { EventPage, EventQuery, LogEvent } from "./types.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Bytes of bodies on a page, the last of them aside. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** See `EventLog.list`. */
export async function listEvents(
  store: Store,
  { limit: wanted = DEFAULT_LIMIT, ...query }: EventQuery & { limit?: number },
): Promise<EventPage> {
  const limit = Math.min(wanted, MAX_LIMIT);
  // The head is read before anything else: whatever stands at or before it has been in the log since then.
  const head = isRestricted(query) ? await readHead(store) : undefined;
  const span = await spanOf(store, query, head);
  const items: LogEvent[] = [];
  let bytes = 0;
  for await (const row of rowsFor(store, query, { span, head, limit })) {
    const event = await readEvent(store, row);
    if (!event || !isChosen(event, query)) continue;
    items.push(event);
    bytes += row.bytes ?? 0;
    if (items.length >= limit || bytes >= PAGE_BYTES) return { items, next: event.seq };
  }
  // Nothing more up to the head: what the query does not choose there need not be looked at again.
  const through = head ? Math.min(head.seq, span.upTo) : 0;
  return { items, next: Math.max(span.after, through, items.at(-1)?.seq ?? 0) };
}

/** See `EventLog.events`. */
export async function* allEvents(store: Store, query: EventQuery): AsyncGenerator<LogEvent> {
  for (let after = query.after; ; ) {
    const page = await listEvents(store, { ...query, after, limit: MAX_LIMIT });
    if (page.items.length === 0) return;
    yield* page.items;
    after = page.next;
  }
}

function isRestricted({ type, chatId, ticketId, from, to }: EventQuery): boolean {
  return (type ?? chatId ?? ticketId ?? from ?? to) !== undefined;
}

async function spanOf(
  store: Store,
  { after = 0, from, to }: EventQuery,
  head: Head | undefined,
): Promise<Span> {
  const span = { after, upTo: Number.MAX_SAFE_INTEGER };
  if (head && from !== undefined) span.after = Math.max(after, (await findTime(store, from, head)) - 1);
  if (head && to !== undefined) span.upTo = (await findTime(store, to, head)) - 1;
  return span;
}

/** At least the rows of the events that a query chooses, in order, by whichever index knows the fewest. */
function rowsFor(
  store: Store,
  { type, chatId, ticketId }: EventQuery,
  { span, head, limit }: { span: Span; head: Head | undefined; limit: number },
): AsyncIterable<Row<EventRow>> {
  if (chatId !== undefined) return eventsOfSubject(store, chatSubject(chatId), span);
  if (ticketId !== undefined) return eventsOfSubject(store, ticketSubject(ticketId), span);
  if (type !== undefined && head) return eventsOfType(store, type, span, { head, limit });
  return everyEvent(store, span, limit);
}

/**
 * Keys are hashes, so what the event says itself has the last word. A tombstone does not say what it was about; its key
 * does, as well as a hash can.
 */
function isChosen(event: LogEvent, { type, chatId, ticketId }: EventQuery): boolean {
  if (type !== undefined && event.type !== type) return false;
  if ("erased" in event) return true;
  return (
    (chatId === undefined || event.chatId === chatId) &&
    (ticketId === undefined || event.ticketId === ticketId)
  );
}
