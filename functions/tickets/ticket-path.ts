import { examples } from "../../shared/schemas/examples.ts";
import { described, exact, filled } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one ticket. */
export const TicketPath = exact({ ticketId: described(filled, "The id of the ticket.", examples.ticketId) });
