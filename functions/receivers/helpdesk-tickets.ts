import * as v from "valibot";
import { receiveHelpDesk } from "../../shared/receive/receive-helpdesk.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { described, shape } from "../../shared/schemas/vocabulary.ts";
import { receiver } from "./receiver.ts";

const HelpDeskDelivery = shape(
  "HelpDeskDelivery",
  v.looseObject({
    eventType: described(v.optional(v.string()), "tickets.create."),
    payload: described(v.looseObject({}), "The ticket. Only its ID is used."),
  }),
  examples.helpDeskDelivery,
);

/** HelpDesk repeats a delivery for a day and then gives up; the reconciliation finds the ticket. */
export const receiveHelpDeskTicket = receiver({
  id: "ReceiveHelpDeskTicket",
  summary: "Receive a new ticket from HelpDesk",
  description:
    "HelpDesk's webhook tickets.create calls this operation. The app uses only the ticket's id, and stores it before it answers. It then reads the ticket from HelpDesk, and adds an event to the log if the ticket is new.",
  route: "receivers/helpdesk/tickets",
  type: "ticket_created",
  schema: HelpDeskDelivery,
  credentials: "key",
  receive: (text, { eventLog: log, arrivals }) => receiveHelpDesk(text, { log, arrivals }),
});
