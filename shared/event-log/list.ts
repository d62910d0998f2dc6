import type { Row } from "../storage/rows.ts";
import { eventsOfSubject, eventsOfType, type Places } from "./choose.ts";
import { type EventRow, readEvent, readEventRows, withoutContent } from "./event-row.ts";
import { findTime } from "./find-hours.ts";
import { type Head, readHead } from "./head.ts";
import { chatSubject, ticketSubject } from "./keys.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import type { Store } from "./store.ts";
import type { EventQuery, LogEvent } from "./types.ts";

const DEFAULT_EVENTS_PER_PAGE = 100;
const MAX_EVENTS_PER_PAGE = 1000;
/** A row may have 64 KiB, so this limits the memory. */
const MAX_ROWS_PER_REQUEST = 256;
/** A page ends once its bodies have this many bytes. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

export type PageQuery = EventQuery & { limit?: number };

/**
 * See `EventLog.list`.
 *
 * @returns the events; `next`, which is the `after` of the next call; and `head`, the last place of the log. Events that
 *   are appended later have places after `head`, so a reader that continues at `next` misses none
 */
export async function readEventPage(
  store: Store,
  { limit: wanted = DEFAULT_EVENTS_PER_PAGE, maxPayload = Number.POSITIVE_INFINITY, ...query }: PageQuery,
): Promise<{ items: LogEvent[]; next: number; head: number }> {
  const limit = Math.min(wanted, MAX_EVENTS_PER_PAGE);
  const head = await readHead(store);
  const places = await placesOf(store, query, head);
  const items: LogEvent[] = [];
  let bytes = 0;
  for await (const row of rowsFor(store, query, { places, head, limit })) {
    const size = row.bytes ?? 0;
    const isTooLarge = size > maxPayload;
    const event = isTooLarge ? withoutContent(row) : await readEvent(store, row);
    if (!event || !matchesQuery(event, query)) continue;
    items.push(event);
    if (!isTooLarge) bytes += size;
    if (items.length >= limit || bytes >= MAX_PAGE_BYTES) {
      return { items, next: event.seq, head: head.seq };
    }
  }
  // No further event up to the head matches the query, so the next call can begin there.
  return { items, next: Math.max(places.after, places.upTo), head: head.seq };
}

/** Bytes of bodies in the answer for one chat: one event of the largest size, and some space for earlier events. */
const MAX_CHAT_BYTES = MAX_BODY_BYTES + 1024 * 1024;

/**
 * The events of a chat, in the order of the log. When they are too large for one answer, earlier events are returned
 * without content, because the last events have the most complete content.
 */
export async function chatEvents(store: Store, chatId: string): Promise<LogEvent[]> {
  const rows = await Array.fromAsync(eventsOfSubject(store, chatSubject(chatId)));
  const events: LogEvent[] = [];
  let bytes = 0;
  for (const row of rows.reverse()) {
    const isTooMuch = bytes > 0 && bytes + (row.bytes ?? 0) > MAX_CHAT_BYTES;
    const event = isTooMuch ? withoutContent(row) : await readEvent(store, row);
    if (!event || !matchesQuery(event, { chatId })) continue;
    events.push(event);
    if (!isTooMuch) bytes += row.bytes ?? 0;
  }
  return events.reverse();
}

/** See `EventLog.events`. */
export async function* allEvents(store: Store, query: EventQuery): AsyncGenerator<LogEvent> {
  for (let after = query.after; ; ) {
    const page = await readEventPage(store, { ...query, after, limit: MAX_EVENTS_PER_PAGE });
    if (page.items.length === 0) return;
    yield* page.items;
    after = page.next;
  }
}

/** The places in the log that a query asks for. */
async function placesOf(
  store: Store,
  { after = 0, before = Number.POSITIVE_INFINITY, from, to }: EventQuery,
  head: Head,
): Promise<Places> {
  const places = { after, upTo: Math.min(head.seq, before - 1) };
  if (from !== undefined) places.after = Math.max(after, (await findTime(store, from, head)) - 1);
  if (to !== undefined) places.upTo = Math.min(places.upTo, (await findTime(store, to, head)) - 1);
  return places;
}

/** Rows in the order of the log: the rows of all matching events, and perhaps of other events. */
function rowsFor(
  store: Store,
  { type, chatId, ticketId }: EventQuery,
  { places, head, limit }: { places: Places; head: Head; limit: number },
): AsyncIterable<Row<EventRow>> {
  if (chatId !== undefined) return eventsOfSubject(store, chatSubject(chatId), places);
  if (ticketId !== undefined) return eventsOfSubject(store, ticketSubject(ticketId), places);
  const pageSize = Math.min(limit, MAX_ROWS_PER_REQUEST);
  if (type !== undefined) return eventsOfType(store, type, places, { head, pageSize });
  return readEventRows(store, { from: places.after + 1, through: places.upTo, pageSize });
}

/**
 * Keys are hashes, so the event's content decides whether it matches. An event without content is matched by its key
 * alone.
 */
function matchesQuery(event: LogEvent, { type, chatId, ticketId }: EventQuery): boolean {
  if (type !== undefined && event.type !== type) return false;
  if (!("payload" in event)) return true;
  if (chatId !== undefined && event.chatId !== chatId) return false;
  return ticketId === undefined || event.ticketId === ticketId;
}
