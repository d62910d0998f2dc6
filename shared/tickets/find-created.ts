import { DAY, toIso } from "../core/time.ts";
import type { FoundTickets, TicketRange } from "../livechat/live-chat.ts";
import type { NewTicket, Ticket, TicketFilters } from "../schemas/ticket.ts";
import { earliestOf, findMessage, plain } from "./find-message.ts";

/** How many of the requester's tickets are searched at most. */
const TICKETS_SEARCHED = 500;
/** The subject that LiveChat gives a ticket without one. */
const NO_SUBJECT = "(no subject)";

type TicketSearch = {
  find: (filters: TicketFilters, range: TicketRange) => Promise<FoundTickets>;
  get: (id: string) => Promise<Ticket>;
  /** Claims the ticket for this attempt; `false` when another attempt with the same content has created it. */
  claim: (id: string) => Promise<boolean>;
};

/**
 * Searches for the ticket that an attempt may have created before its answer was lost. It has the same requester,
 * subject and message, and was created after the attempt began.
 *
 * @param since ISO 8601: when the attempt began
 */
export async function findCreated(
  asked: NewTicket,
  since: string,
  { find, get, claim }: TicketSearch,
): Promise<Ticket | undefined> {
  const earliest = earliestOf(since);
  // The filter's days are in the account's time zone, which is not known.
  const date_from = toIso(Date.parse(earliest) - DAY).slice(0, 10);
  const filters = { "requester[mail]": asked.requester.mail, date_from };
  const { tickets } = await find(filters, { page: 1, skip: 0, limit: TICKETS_SEARCHED });
  for (const listed of tickets) {
    if ((listed.date ?? earliest) < earliest || !isAsRequested(listed, asked)) continue;
    // A list may lack the events of a ticket.
    const ticket = listed.events ? listed : await get(listed.id);
    if (findMessage(ticket, asked.message).length > 0 && (await claim(ticket.id))) return ticket;
  }
  return undefined;
}

function isAsRequested({ requester, subject }: Ticket, asked: NewTicket): boolean {
  return (
    String(requester?.mail).toLowerCase() === asked.requester.mail.toLowerCase() &&
    plain(subject ?? NO_SUBJECT) === plain(asked.subject || NO_SUBJECT)
  );
}
