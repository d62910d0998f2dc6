import * as v from "valibot";
import { linkToNext } from "../../shared/http/link.ts";
import { ListedTicket, TICKET_SOURCES, TICKET_STATUSES } from "../../shared/schemas/ticket.ts";
import {
  bit,
  count,
  day,
  described,
  exact,
  filled,
  named,
  oneOf,
  wholeNumber,
} from "../../shared/schemas/vocabulary.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listTickets = operation({
  id: "ListTickets",
  description:
    "This operation returns a list of tickets in your LiveChat account. LiveChat returns 25 a page; this reads as many pages as limit needs. X-Total-Count and X-Total-Pages count all tickets that match, where LiveChat counts them, and Link leads to the next ones.",
  tag: "Tickets",
  method: "GET",
  route: "tickets",
  input: {
    query: exact({
      date_from: named(
        v.optional(day),
        "From Date",
        "Only tickets with any activity on this day or later.",
        "2026-01-01",
      ),
      date_to: named(
        v.optional(day),
        "To Date",
        "Only tickets with any activity on this day or earlier.",
        "2026-01-31",
      ),
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
      order: described(
        v.optional(oneOf(["desc", "asc"])),
        "Order by last modification: desc (the default) is the last modified first.",
      ),
      status: described(v.optional(oneOf(TICKET_STATUSES)), "Only tickets with this status."),
      assigned: described(v.optional(bit), "Only tickets with an assignee (1) or without (0)."),
      assignee: described(
        v.optional(filled),
        "Only tickets of the agent with this login.",
        "sam@example.com",
      ),
      query: described(v.optional(filled), "Only tickets that contain this text.", "lamp"),
      "requester[mail]": named(
        v.optional(filled),
        "Requester Email",
        "Only tickets of the requester with this email.",
        "vera@example.com",
      ),
      group: described(v.optional(wholeNumber(0, 999_999_999)), "Only tickets of the group with this id.", 3),
      source: described(v.optional(oneOf(TICKET_SOURCES)), "Only tickets from this source."),
      tag: described(v.optional(filled), "Only tickets with this tag.", "lamp"),
      tagged: described(v.optional(bit), "Only tickets with a tag (1) or without (0)."),
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
