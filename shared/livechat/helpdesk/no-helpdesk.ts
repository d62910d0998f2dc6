import { type AppError, NoHelpDesk } from "../../core/errors.ts";
import type { TicketDesk } from "../live-chat.ts";
import { type Refusal, refusalByStatus } from "../refusal.ts";

/** @param reason `off`: the settings say so; `refused`: HelpDesk does not take the token */
export function noHelpDesk(reason: "off" | "refused"): NoHelpDesk {
  return new NoHelpDesk(
    reason === "off"
      ? "HELPDESK is off: this account has no HelpDesk, where the Text platform keeps tickets."
      : "HelpDesk refuses this app's token: the account has no HelpDesk licence, or the token lacks the scope accounts--my:ro. Without HelpDesk, set HELPDESK to off.",
  );
}

/** Answers of an account without a licence. Which of them HelpDesk gives is not documented. */
const WITHOUT_LICENCE = [401, 402, 403];

/** HelpDesk says no by status. The same token has been let in by LiveChat, so a refusal is about HelpDesk. */
export function refusalOfHelpDesk(refusal: Refusal): AppError {
  return WITHOUT_LICENCE.includes(refusal.status) ? noHelpDesk("refused") : refusalByStatus(refusal);
}

const refuseCall = async (): Promise<never> => {
  throw noHelpDesk("off");
};

/** The tickets of an account that has none. */
export const withoutHelpDesk: TicketDesk = {
  findTickets: refuseCall,
  getTicket: refuseCall,
  createTicket: refuseCall,
  updateTicket: refuseCall,
  ticketSource() {
    throw noHelpDesk("off");
  },
  ticketsState: async () => "off",
  listTicketWebhooks: refuseCall,
};
