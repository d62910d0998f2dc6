import { type NumberedPosition, numberedPages } from "../../listing/numbered-pages.ts";
import type { Source } from "../../listing/source.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import type { Ticket, TicketPage } from "../../schemas/ticket.ts";
import { PAGE_SIZE } from "./read-tickets.ts";

/**
 * LiveChat's list of tickets, for the reconciliation.
 *
 * @param listTickets one page of all tickets, last modified first; the first page is 1
 */
export function ticketSource(
  listTickets: (page: number) => Promise<TicketPage>,
  { pageSize = PAGE_SIZE } = {},
): Source<Ticket, NumberedPosition> {
  return numberedPages({
    async list(page) {
      const { tickets: items, ...rest } = await listTickets(page);
      return { ...rest, items };
    },
    facts: factsOfTicket,
    pageSize,
  });
}
