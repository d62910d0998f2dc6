import type { Ticket } from "../schemas/ticket.ts";
import type { ItemFacts } from "./source.ts";

/** The facts that the reconciliation needs of a ticket. */
export function factsOfTicket(ticket: Ticket): ItemFacts {
  return { id: ticket.id, changedAt: changedAt(ticket), createdAt: createdAt(ticket) };
}

/** Time of the last modification, in milliseconds since the epoch. LiveChat always sends it but does not promise to. */
export function modifiedAt(ticket: Ticket): number {
  return changedAt(ticket) ?? createdAt(ticket) ?? 0;
}

function changedAt({ modified }: Ticket): number | undefined {
  return toMilliseconds(modified);
}

/** Time of the creation, in milliseconds since the epoch; absent when the ticket has none. */
export function createdAt({ date }: Ticket): number | undefined {
  return toMilliseconds(date);
}

/** Milliseconds since the epoch. A ticket that does not fit its schema may have any value in place of a time. */
function toMilliseconds(time: unknown): number | undefined {
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return at >= 0 ? at : undefined;
}
