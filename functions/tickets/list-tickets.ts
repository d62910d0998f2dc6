import * as v from "valibot";
import { linkToNext } from "../../shared/http/link.ts";
import { ListedTicket, TICKET_SOURCES, TICKET_STATUSES } from "../../shared/schemas/ticket.ts";
import {
  bit,
  count,
  day,
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
  summary: "List tickets",
  description:
    "This operation returns a list of tickets in your LiveChat account. LiveChat returns 25 a page; this reads as many pages as limit needs. X-Total-Count and X-Total-Pages count all tickets that match, where LiveChat counts them, and Link leads to the next ones.",
  tag: "Tickets",
  method: "GET",
  route: "tickets",
  access: "key",
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
      page: named(
        v.optional(wholeNumber(1, 1_000_000), "1"),
        "Page",
        "The page of 25 tickets to start with; the first is 1.",
      ),
      skip: named(
        v.optional(wholeNumber(0, 24), "0"),
        "Skip",
        "How many tickets of that page to skip; used by Link.",
      ),
      cursor: named(
        v.optional(filled),
        "Cursor",
        "Where the call before ended, in place of page and skip; used by Link.",
        "WyIyMDI2LTAxLTE1VDA5OjQ0OjEyLjAwMFoiLCI1RlVFRCJd",
      ),
      limit: named(v.optional(wholeNumber(1, 1000), "25"), "Limit", "How many tickets to return at most."),
      order: named(
        v.optional(oneOf(["desc", "asc"])),
        "Order",
        "Order by last modification: desc (the default) is the last modified first.",
      ),
      status: named(v.optional(oneOf(TICKET_STATUSES)), "Status", "Only tickets with this status."),
      assigned: named(v.optional(bit), "Assigned", "Only tickets with an assignee (1) or without (0)."),
      assignee: named(
        v.optional(filled),
        "Assignee",
        "Only tickets of the agent with this login.",
        "sam@example.com",
      ),
      query: named(v.optional(filled), "Query", "Only tickets that contain this text.", "lamp"),
      "requester[mail]": named(
        v.optional(filled),
        "Requester Email",
        "Only tickets of the requester with this email.",
        "vera@example.com",
      ),
      group: named(
        v.optional(wholeNumber(0, 999_999_999)),
        "Group",
        "Only tickets of the group with this id.",
        3,
      ),
      source: named(v.optional(oneOf(TICKET_SOURCES)), "Source", "Only tickets from this source."),
      tag: named(v.optional(filled), "Tag", "Only tickets with this tag.", "lamp"),
      tagged: named(v.optional(bit), "Tagged", "Only tickets with a tag (1) or without (0)."),
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
      Link: named(
        v.optional(v.string()),
        "Link",
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
