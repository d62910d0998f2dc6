import type { LiveChatApi } from "../core/settings.ts";
import { toIso } from "../core/time.ts";
import type { NewEvent } from "../event-log/types.ts";
import { createdAt } from "../listing/ticket-facts.ts";
import { peopleIn } from "../people/people-in.ts";
import type { Ticket } from "../schemas/ticket.ts";

/**
 * Makes the event of a ticket that was read from LiveChat, in the shape of v2's webhook.
 *
 * @param api the API that returned the ticket
 */
export function ticketEvent(ticket: Ticket, origin: NewEvent["origin"], api: LiveChatApi): NewEvent {
  const created = createdAt(ticket);
  return {
    type: "ticket_created",
    origin,
    subjectId: ticket.id,
    occurredAt: created === undefined ? undefined : toIso(created),
    people: peopleIn({ ticket }),
    raw: JSON.stringify({ event_type: "ticket_created", ...(api !== "v2" && { api }), ticket }),
  };
}
