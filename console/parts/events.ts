import { call } from "../api.ts";
import type { InputOf, OutputOf } from "../calls.ts";
import type { Page } from "./use-pages.ts";

export type LoggedEvent = OutputOf<"ListEvents">["items"][number];
export type EventFilter = Pick<
  NonNullable<InputOf<"ListEvents">["query"]>,
  "type" | "chat_id" | "ticket_id" | "from" | "to"
>;

/** Windows grow where few events match, up to so many places. */
const WINDOW = 4_000;
/** Bytes of content that a list reads of each event: more than most chats have, and little enough for hundreds of them. */
export const LISTED_BYTES = "131072";
/** For a call that needs no content. */
const NO_CONTENT = "0";
/** Windows of one step back. */
const STEPS = 6;

/**
 * The last events of the filter before a place, newest first. The log is read forward only, so this goes back window by
 * window: after six windows without enough matches it stops, and the next step goes on from `next`.
 *
 * @throws {Problem}
 */
export async function eventsBefore(
  filter: EventFilter,
  { before, count, signal }: { before: number; count: number; signal: AbortSignal },
): Promise<Page<LoggedEvent, number>> {
  const begin = filter.from ? await placeAt(filter.from, signal) : 1;
  let end = filter.to ? Math.min(before, await placeAt(filter.to, signal)) : before;
  const items: LoggedEvent[] = [];
  // One chat or ticket has few events: they are read at once.
  let window = filter.chat_id || filter.ticket_id ? end : count;
  for (let step = 0; step < STEPS && end > begin && items.length < count; step++) {
    const start = Math.max(begin, end - window);
    items.push(...(await eventsBetween(filter, start, end, signal)).reverse());
    end = start;
    window = Math.min(WINDOW, window * 4);
  }
  const shown = items.slice(0, count);
  // The next step reads the rest again.
  const next = items.length > count ? (shown.at(-1)?.seq ?? end) : end;
  return { items: shown, next: next > begin ? next : null };
}

/** The events of the filter from a place up to another one, in order: a page ends early when its events are large. */
async function eventsBetween(
  filter: EventFilter,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<LoggedEvent[]> {
  const items: LoggedEvent[] = [];
  for (let after = start - 1; after < end - 1; ) {
    const query = {
      ...filter,
      after: String(after),
      before: String(end),
      limit: "1000",
      max_payload: LISTED_BYTES,
    };
    const page = await call("ListEvents", { query }, { signal });
    items.push(...page.items);
    if (page.next <= after) break;
    after = page.next;
  }
  return items;
}

/** The last place of the log, 0 when it is empty. @throws {Problem} */
export async function readHead(signal: AbortSignal): Promise<number> {
  return (await call("ListEvents", { query: { limit: "1", max_payload: NO_CONTENT } }, { signal })).head;
}

/** The place of the first event that was received at a time or later; without one, the place behind the last event. */
export async function placeAt(time: string, signal: AbortSignal): Promise<number> {
  const query = { from: time, limit: "1", max_payload: NO_CONTENT };
  const { items, head } = await call("ListEvents", { query }, { signal });
  return items[0]?.seq ?? head + 1;
}

/** Words for a type of event. */
export const TYPES = {
  chat_started: "Chat started",
  chat_ended: "Chat ended",
  ticket_created: "Ticket created",
} as const satisfies Record<LoggedEvent["type"], string>;

/** Words for where an event came from. */
export const ORIGINS = { webhook: "webhook", reconcile: "reconciliation" } as const satisfies Record<
  LoggedEvent["origin"],
  string
>;

/** The subject of the ticket, or the name of the visitor: what a person knows an event by. */
export function subjectOf({ payload }: LoggedEvent): string {
  const { visitor, ticket } = (payload ?? {}) as {
    visitor?: { name?: unknown };
    ticket?: { subject?: unknown };
  };
  return String(ticket?.subject || visitor?.name || "");
}
