import { NewTicket, Ticket } from "../../shared/schemas/ticket.ts";
import { findCreated } from "../../shared/tickets/find-created.ts";
import { repeatableErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const createTicket = operation({
  id: "CreateTicket",
  summary: "Create a new ticket",
  description:
    "This operation is used to add a new ticket to your LiveChat account. On the Text platform, the app creates the ticket in HelpDesk in the requester's name, and HelpDesk sends the requester an email.",
  tag: "Tickets",
  method: "POST",
  route: "tickets",
  writes: "LiveChat",
  input: { body: NewTicket },
  output: { status: 201, description: "The new ticket.", schema: Ticket },
  errors: repeatableErrors,
  connector: "action",
  repeatable: {
    nameOf: ({ id }) => `ticket ${id}`,
    find: ({ body }, { liveChat }, { since, deadline, claim }) =>
      findCreated(body, since, {
        find: (filters, range) => liveChat.findTickets(filters, range, { deadline }),
        get: (id) => liveChat.getTicket(id, { deadline }),
        claim: (id) => claim(`ticket ${id}`),
      }),
  },
  run: async ({ body }, { liveChat }, { permit }) => ({
    body: await liveChat.createTicket(body, permit),
  }),
});
