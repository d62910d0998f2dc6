import { InvalidInput } from "../../core/errors.ts";
import type { Ticket, TicketPage } from "../../schemas/ticket.ts";
import type { FoundTickets, TicketRange } from "../live-chat.ts";

/** LiveChat's page size. */
export const TICKETS_PER_PAGE = 25;

/**
 * Reads as many of LiveChat's pages as `limit` requires. A ticket that changes meanwhile moves to another page and is
 * listed again. It is returned once.
 *
 * @throws {InvalidInput} for a cursor
 */
export async function findTickets(
  readPage: (page: number) => Promise<TicketPage>,
  { page, skip, cursor, limit }: TicketRange,
): Promise<FoundTickets> {
  if (cursor !== undefined) {
    throw InvalidInput.at("cursor", "cursor is for tickets of HelpDesk only. Use page and skip.");
  }
  const tickets = new Map<string, Ticket>();
  for (let number = page, from = skip; ; number += 1, from = 0) {
    const { total, pages, tickets: rows } = await readPage(number);
    const endAt = (next?: FoundTickets["next"]) => ({ tickets: [...tickets.values()], total, pages, next });
    for (const [index, ticket] of rows.entries()) {
      if (index < from || tickets.has(ticket.id)) continue;
      if (tickets.size === limit) return endAt({ page: number, skip: index });
      tickets.set(ticket.id, ticket);
    }
    if (rows.length === 0 || number >= pages) return endAt();
    if (tickets.size === limit) return endAt({ page: number + 1, skip: 0 });
  }
}
