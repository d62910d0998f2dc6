import type { Ticket, TicketPage } from "../../schemas/ticket.ts";
import type { FoundTickets, TicketRange } from "../live-chat.ts";

/** How many tickets LiveChat puts on a page. */
export const TICKETS_PER_PAGE = 25;

/**
 * Reads as many upstream pages as `limit` takes. A ticket that is modified meanwhile moves to another page and shows
 * up again; it is returned once.
 */
export async function findTickets(
  readPage: (page: number) => Promise<TicketPage>,
  { page, skip, limit }: TicketRange,
): Promise<FoundTickets> {
  const tickets = new Map<string, Ticket>();
  for (let at = page, from = skip; ; at += 1, from = 0) {
    const { total, pages, tickets: rows } = await readPage(at);
    for (const [index, ticket] of rows.entries()) {
      if (index < from || tickets.has(ticket.id)) continue;
      if (tickets.size === limit)
        return { tickets: [...tickets.values()], total, pages, next: { page: at, skip: index } };
      tickets.set(ticket.id, ticket);
    }
    const more = rows.length > 0 && at < pages;
    if (!more) return { tickets: [...tickets.values()], total, pages };
    if (tickets.size === limit)
      return { tickets: [...tickets.values()], total, pages, next: { page: at + 1, skip: 0 } };
  }
}
