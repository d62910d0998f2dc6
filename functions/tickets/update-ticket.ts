import { TicketChanges, UpdatedTicket } from "../../shared/schemas/ticket.ts";
import { earliestOf, findMessage } from "../../shared/tickets/find-message.ts";
import { ignoredFields } from "../../shared/tickets/ignored-fields.ts";
import { repeatableErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { TicketPath } from "./ticket-path.ts";

export const updateTicket = operation({
  id: "UpdateTicket",
  description:
    "This operation is used to update the details of an existing ticket in your LiveChat account. LiveChat documents this call for tags only; ignored_fields lists the requested fields that LiveChat's answer does not show. On the Text platform, the app makes several calls to HelpDesk, and adds a message in the requester's name.",
  tag: "Tickets",
  method: "PUT",
  route: "tickets/{ticketId}/tags",
  writes: "LiveChat",
  input: { path: TicketPath, body: TicketChanges },
  output: { status: 200, description: "The ticket after the update.", schema: UpdatedTicket },
  errors: repeatableErrors,
  connector: "action",
  repeatable: {
    // Setting a field twice is harmless. Adding a message twice is not.
    nameOf(ticket, { body: { message } }) {
      const place = message === undefined ? undefined : findMessage(ticket, message).at(-1);
      return place === undefined ? undefined : messageKey(ticket.id, place);
    },
    async find({ path, body }, { liveChat }, { since, deadline, claim }) {
      const ticket = await liveChat.getTicket(path.ticketId, { deadline });
      const ignored = ignoredFields(body, ticket);
      const updated = { ...ticket, ignored_fields: ignored };
      if (body.message === undefined) return ignored.length === 0 ? updated : undefined;
      for (const place of findMessage(ticket, body.message, earliestOf(since))) {
        if (await claim(messageKey(ticket.id, place))) return updated;
      }
      return undefined;
    },
  },
  run: async ({ path, body }, { liveChat }, { permit }) => {
    const ticket = await liveChat.updateTicket(path.ticketId, body, permit);
    return { body: { ...ticket, ignored_fields: ignoredFields(body, ticket) } };
  },
});

function messageKey(id: unknown, place: number): string {
  return `message ${place} of ticket ${id}`;
}
