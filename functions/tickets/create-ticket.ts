import { NewTicket, Ticket } from "../../shared/schemas/ticket.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const createTicket = operation({
  id: "CreateTicket",
  summary: "Create a new ticket",
  description: "This operation is used to add a new ticket to your LiveChat account.",
  tag: "Tickets",
  method: "POST",
  route: "tickets",
  access: "key",
  input: { body: NewTicket },
  output: { status: 201, description: "The new ticket.", schema: Ticket },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ body }, { liveChat }) => ({ body: await liveChat.createTicket(body) }),
});
