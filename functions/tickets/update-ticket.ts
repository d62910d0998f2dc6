import { TicketChanges, UpdatedTicket } from "../../shared/schemas/ticket.ts";
import { ignoredFields } from "../../shared/tickets/ignored-fields.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { TicketPath } from "./ticket-id.ts";

export const updateTicket = operation({
  id: "UpdateTicket",
  summary: "Update ticket",
  description:
    "This operation is used to update the details of an existing ticket in your LiveChat account. LiveChat documents this call for tags only, so the answer names in ignored_fields what was asked for and does not show in the ticket.",
  tag: "Tickets",
  method: "PUT",
  route: "tickets/{ticketId}/tags",
  access: "key",
  writes: "LiveChat",
  input: { path: TicketPath, body: TicketChanges },
  output: { status: 200, description: "The ticket as LiveChat has it now.", schema: UpdatedTicket },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ path, body }, { liveChat }) => {
    const ticket = await liveChat.updateTicket(path.ticketId, body);
    return { body: { ...ticket, ignored_fields: ignoredFields(body, ticket) } };
  },
});
