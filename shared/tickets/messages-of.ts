import type { Ticket } from "../schemas/ticket.ts";

/** The messages of a ticket. In a ticket that does not fit its schema, `events` may be anything. */
export function messagesOf({ events }: Ticket): string[] {
  if (!Array.isArray(events)) return [];
  return events.map((event) => event?.message).filter((message) => typeof message === "string");
}
