import { ticketId } from "../../shared/schemas/examples.ts";
import { filled } from "../../shared/schemas/parameter.ts";
import { exact, named } from "../../shared/schemas/scalar.ts";

/** The path of every operation on one ticket. */
export const TicketPath = exact({
  ticketId: named(filled, "Ticket Id", "The id of the ticket.", ticketId),
});
