import { ticketId } from "../../shared/schemas/examples.ts";
import { exact, filled, named } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one ticket. */
export const TicketPath = exact({
  ticketId: named(filled, "Ticket Id", "The id of the ticket.", ticketId),
});
