import { Ticket } from "../../shared/schemas/ticket.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { TicketPath } from "./ticket-path.ts";

export const getTicket = operation({
  id: "GetTicket",
  description: "This operation is used to fetch the details of a specific ticket in your LiveChat account.",
  tag: "Tickets",
  method: "GET",
  route: "tickets/{ticketId}",
  input: { path: TicketPath },
  output: { status: 200, description: "The ticket.", schema: Ticket },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ path }, { liveChat }) => ({ body: await liveChat.getTicket(path.ticketId) }),
});
