import type { TicketDesk } from "../live-chat.ts";
import { noHelpDesk } from "./no-helpdesk.ts";

const refuse = async (): Promise<never> => {
  throw noHelpDesk("off");
};

/** The tickets of an account that has none. */
export const withoutHelpDesk: TicketDesk = {
  findTickets: refuse,
  getTicket: refuse,
  createTicket: refuse,
  updateTicket: refuse,
  ticketSource() {
    throw noHelpDesk("off");
  },
  ticketsState: async () => "off",
};
