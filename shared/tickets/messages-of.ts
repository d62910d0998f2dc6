import type { Ticket } from "../schemas/ticket.ts";

/** The messages of a ticket. One that does not fit its schema may have anything in the place of its events. */
export function messagesOf({ events }: Ticket): string[] {
  if (!Array.isArray(events)) return [];
  return events.map((event) => event?.message).filter((message) => typeof message === "string");
}
