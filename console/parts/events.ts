import { MINUTE } from "../../shared/core/time.ts";
import { call } from "../api.ts";
import type { InputOf, OutputOf } from "../calls.ts";
import type { Page } from "./use-pages.ts";

export type LoggedEvent = OutputOf<"ListEvents">["items"][number];
export type EventFilter = Pick<
  NonNullable<InputOf<"ListEvents">["query"]>,
  "type" | "chat_id" | "ticket_id" | "from" | "to"
>;

/** The largest window, in places of the log. A window grows while few events match. */
const LARGEST_WINDOW = 4_000;
/** Lists omit the content of larger events. In bytes: most chats are smaller, and hundreds fit in memory. */
export const LISTED_BYTES = "131072";
/** The option of calls that need no content. */
const NO_CONTENT = "0";
/** The maximum number of windows that one call reads. */
const MOST_WINDOWS = 6;

/**
 * The last events of the filter before a place, newest first. The log can only be read forward, so this function goes
 * back window by window. It stops after six windows without enough matches; the next call continues at `next`.
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
  // A chat or a ticket has few events, so one window reads the whole log.
  let window = filter.chat_id || filter.ticket_id ? end : count;
  for (let step = 0; step < MOST_WINDOWS && end > begin && items.length < count; step++) {
    const start = Math.max(begin, end - window);
    items.push(...(await eventsBetween(filter, start, end, signal)).reverse());
    end = start;
    window = Math.min(LARGEST_WINDOW, window * 4);
  }
  const shown = items.slice(0, count);
  // The next call reads the others again.
  const next = items.length > count ? (shown.at(-1)?.seq ?? end) : end;
  return { items: shown, next: next > begin ? next : null };
}

/** The events of the filter from `start` to before `end`, in order. Each call may return fewer, when events are large. */
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

/** A time limit for calls that may search the whole log. */
export const longCall = () => AbortSignal.timeout(MINUTE);

/** Reads the last place of the log; 0 when it is empty. @throws {Problem} */
export async function readHead(signal: AbortSignal): Promise<number> {
  return (await call("ListEvents", { query: { limit: "1", max_payload: NO_CONTENT } }, { signal })).head;
}

/**
 * The place of the first event that was received at a time or later. Without such an event, the place after the last
 * one.
 */
export async function placeAt(time: string, signal: AbortSignal): Promise<number> {
  const query = { from: time, limit: "1", max_payload: NO_CONTENT };
  const { items, head } = await call("ListEvents", { query }, { signal });
  return items[0]?.seq ?? head + 1;
}

/** The names of the event types. */
export const TYPES = {
  chat_started: "Chat started",
  chat_ended: "Chat ended",
  ticket_created: "Ticket created",
} as const satisfies Record<LoggedEvent["type"], string>;

/** The names of the origins of events. */
export const ORIGINS = { webhook: "webhook", reconcile: "reconciliation" } as const satisfies Record<
  LoggedEvent["origin"],
  string
>;

/** The subject of the ticket, or the name of the visitor. */
export function subjectOf({ payload }: LoggedEvent): string {
  const { visitor, ticket } = (payload ?? {}) as {
    visitor?: { name?: unknown };
    ticket?: { subject?: unknown };
  };
  return String(ticket?.subject || visitor?.name || "");
}
