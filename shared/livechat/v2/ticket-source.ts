import { type NumberedPosition, numberedPages } from "../../reconcile/numbered-pages.ts";
import type { Source } from "../../reconcile/source.ts";
import type { Ticket, TicketPage } from "../../schemas/ticket.ts";
import { factsOfTicket } from "../../tickets/ticket-facts.ts";
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
