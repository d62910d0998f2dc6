import * as v from "valibot";
import { StoredTicketPage } from "../../shared/schemas/stored-ticket.ts";
import { ticketFilters } from "../../shared/schemas/ticket.ts";
import { described, exact, filled, instant, wholeNumber, yesOrNo } from "../../shared/schemas/vocabulary.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listStoredTickets = operation({
  id: "ListStoredTickets",
  description:
    "Returns the stored copies of the account's tickets, latest modification first, without a call to LiveChat. To read on, send the answer's next as the parameter cursor. At the end, next is null; an earlier page may have fewer tickets than limit, or none.",
  tag: "Stored tickets",
  method: "GET",
  route: "stored/tickets",
  input: {
    query: exact({
      status: ticketFilters.status,
      assignee: ticketFilters.assignee,
      requester: described(
        v.optional(filled),
        "Only tickets of the requester with this email.",
        "vera@example.com",
      ),
      modified_since: described(
        v.optional(instant),
        "Only tickets modified at this time or later.",
        "2026-01-15T00:00:00.000Z",
      ),
      deleted: described(
        v.optional(yesOrNo),
        "Only tickets that LiveChat no longer has (true) or still has (false); both by default.",
      ),
      limit: described(v.optional(wholeNumber(1, 1000), "100"), "The maximum number of tickets to return."),
      cursor: described(v.optional(filled), "The value of next in the previous answer."),
    }),
  },
  output: {
    status: 200,
    description: "The tickets, and the cursor for the next call.",
    schema: StoredTicketPage,
  },
  errors: storageErrors,
  run: async ({ query: { modified_since: modifiedSince, ...query } }, { ticketStore }) => ({
    body: await ticketStore.list({ ...query, modifiedSince }),
  }),
});
