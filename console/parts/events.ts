import { call } from "../api.ts";
import type { InputOf, OutputOf } from "../calls.ts";

export type LoggedEvent = OutputOf<"ListEvents">["items"][number];
export type EventFilter = Pick<
  NonNullable<InputOf<"ListEvents">["query"]>,
  "type" | "chat_id" | "ticket_id" | "from" | "to"
>;

/** Places that one request looks through, and requests of one step back through a filtered log. */
const WINDOW = 500;
const REQUESTS = 6;

export type Page = {
  /** Newest first. */
  items: LoggedEvent[];
  /** Last place of the log. */
  head: number;
  /** Every event of the filter at this place or behind it is in the page; 1 when the beginning of the log is reached. */
  from: number;
};

/**
 * The last events of the filter before a place, newest first. The log is read forward only, so this goes back window by
 * window: after six windows without enough matches it stops, and the next step goes on from there.
 *
 * @throws {Problem}
 */
export async function eventsBefore(
  filter: EventFilter,
  { before, count, signal }: { before?: number; count: number; signal: AbortSignal },
): Promise<Page> {
  const { head } = await call("ListEvents", { query: { limit: "1" } }, { signal });
  let end = Math.min(before ?? head + 1, head + 1);
  const items: LoggedEvent[] = [];
  // One chat or ticket has few events: they are read at once.
  const window =
    filter.chat_id || filter.ticket_id ? head : filter.type || filter.from || filter.to ? WINDOW : count;
  for (let request = 0; request < REQUESTS && end > 1 && items.length < count; request++) {
    const after = Math.max(0, end - 1 - window);
    const page = await call(
      "ListEvents",
      { query: { ...filter, after: String(after), limit: String(Math.min(1_000, Math.max(1, window))) } },
      { signal },
    );
    items.push(...page.items.filter(({ seq }) => seq < end).reverse());
    end = after + 1;
  }
  const page = items.slice(0, count);
  // What did not fit is read again by the next step.
  return { items: page, head, from: items.length > count ? (page.at(-1)?.seq ?? end) : end };
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
