import * as v from "valibot";
import { linkToNext } from "../../shared/http/link.ts";
import { ListedTicket, ticketFilters } from "../../shared/schemas/ticket.ts";
import { count, described, exact, filled, named, wholeNumber } from "../../shared/schemas/vocabulary.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";

const { date_from, date_to, ...otherFilters } = ticketFilters;

export const listTickets = operation({
  id: "ListTickets",
  description:
    "This operation returns a list of tickets in your LiveChat account. LiveChat returns 25 a page; this reads as many pages as limit needs. X-Total-Count and X-Total-Pages count all tickets that match, where LiveChat counts them, and Link leads to the next ones.",
  tag: "Tickets",
  method: "GET",
  route: "tickets",
  input: {
    query: exact({
      date_from,
      date_to,
      page: described(
        v.optional(wholeNumber(1, 1_000_000), "1"),
        "The page of 25 tickets to start with; the first is 1.",
      ),
      skip: described(
        v.optional(wholeNumber(0, 24), "0"),
        "How many tickets of that page to skip; used by Link.",
      ),
      cursor: described(
        v.optional(filled),
        "Where the call before ended, in place of page and skip; used by Link.",
        "WyIyMDI2LTAxLTE1VDA5OjQ0OjEyLjAwMFoiLCI1RlVFRCJd",
      ),
      limit: described(v.optional(wholeNumber(1, 1000), "25"), "How many tickets to return at most."),
      ...otherFilters,
    }),
  },
  output: {
    status: 200,
    description: "The tickets.",
    schema: v.array(ListedTicket),
    headers: v.object({
      "X-Total-Count": named(
        v.optional(count),
        "Total Count",
        "How many tickets match the filters; absent with HelpDesk.",
        61,
      ),
      "X-Total-Pages": named(
        v.optional(count),
        "Total Pages",
        "How many pages of 25 tickets match the filters; absent with HelpDesk.",
        3,
      ),
      Link: described(
        v.optional(v.string()),
        "The URL of the next tickets, as rel=next; absent at the end.",
        '<https://example.azurewebsites.net/api/tickets?page=2&skip=0&limit=25>; rel="next"',
      ),
    }),
  },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ query: { page, skip, cursor, limit, ...filters } }, { liveChat }, { url }) => {
    const range = { page, skip, cursor, limit };
    const { tickets, total, pages, next } = await liveChat.findTickets(filters, range);
    return {
      body: tickets,
      headers: {
        ...(total !== undefined && { "X-Total-Count": String(total) }),
        ...(pages !== undefined && { "X-Total-Pages": String(pages) }),
        ...(next && { Link: linkToNext(url, { ...filters, limit, ...next }) }),
      },
    };
  },
});
