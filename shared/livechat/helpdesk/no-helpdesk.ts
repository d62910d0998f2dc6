import { NoHelpDesk } from "../../core/errors.ts";
import type { HelpDesk } from "../live-chat.ts";

/** @param reason `off`: by a setting; `refused`: HelpDesk does not accept the token */
export function noHelpDesk(reason: "off" | "refused"): NoHelpDesk {
  return new NoHelpDesk(
    reason === "off"
      ? "HELPDESK is off: this account has no HelpDesk, where the Text platform keeps tickets."
      : "HelpDesk refuses this app's token: the account has no HelpDesk licence, or the token lacks the scope accounts--my:ro. Without HelpDesk, set HELPDESK to off.",
  );
}

const refuseCall = async (): Promise<never> => {
  throw noHelpDesk("off");
};

/** The tickets of an account without HelpDesk: each call is refused. */
export const withoutHelpDesk: HelpDesk = {
  findTickets: refuseCall,
  getTicket: refuseCall,
  createTicket: refuseCall,
  updateTicket: refuseCall,
  ticketSource() {
    throw noHelpDesk("off");
  },
  ticketsState: async () => "off",
  listTicketWebhooks: refuseCall,
  createWebhook: refuseCall,
  deleteWebhook: refuseCall,
};
