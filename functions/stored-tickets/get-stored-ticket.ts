import { NotFound } from "../../shared/core/errors.ts";
import { StoredTicket } from "../../shared/schemas/stored-ticket.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { TicketPath } from "../tickets/ticket-path.ts";

export const getStoredTicket = operation({
  id: "GetStoredTicket",
  description: "Returns the stored copy of a ticket, without a call to LiveChat.",
  tag: "Stored tickets",
  method: "GET",
  route: "stored/tickets/{ticketId}",
  input: { path: TicketPath },
  output: { status: 200, description: "The ticket.", schema: StoredTicket },
  errors: [NotFound, ...storageErrors],
  run: async ({ path: { ticketId } }, { ticketStore }) => {
    const ticket = await ticketStore.get(ticketId);
    if (!ticket) throw new NotFound("No ticket with this id is stored. The next reconciliation may add it.");
    return { body: ticket };
  },
});
