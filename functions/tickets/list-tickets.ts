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
    "This operation returns a list of tickets in your LiveChat account. LiveChat returns 25 tickets a page; the operation reads as many pages as limit requires. The headers X-Total-Count and X-Total-Pages count all matching tickets. The header Link has the URL of the next tickets.",
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
        "The number of tickets to skip on that page; the URL in Link sets it.",
      ),
      cursor: described(
        v.optional(filled),
        "HelpDesk only: the place where the previous call ended, instead of page and skip; the URL in Link sets it.",
      ),
      limit: described(v.optional(wholeNumber(1, 1000), "25"), "The maximum number of tickets to return."),
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
        "The number of tickets that match the filters; absent with HelpDesk.",
        61,
      ),
      "X-Total-Pages": named(
        v.optional(count),
        "Total Pages",
        "The number of pages of 25 tickets that match the filters; absent with HelpDesk.",
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
