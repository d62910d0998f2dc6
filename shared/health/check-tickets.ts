import type { LiveChatConnection } from "../core/settings.ts";
import { readHistory } from "../reconcile/history.ts";
import type { Examined } from "./examined.ts";
import { attention, type Finding, ok } from "./finding.ts";

/**
 * Checks that the account has tickets. On the Text platform they are in HelpDesk, which needs a licence of its own.
 * The check uses the last run of the reconciliation, so it makes no call.
 */
export async function lookAtTickets({ settings, ticketStore }: Examined): Promise<Finding> {
  const { liveChat } = settings;
  if (liveChat.api === "v2") return ok("LiveChat's API v2 has tickets.");
  if (isHelpDeskOff(liveChat)) {
    return ok("HELPDESK is off: operations on tickets and the ticket trigger answer 409.");
  }
  const [last] = (await readHistory(ticketStore, { limit: 1 })).runs;
  if (last?.code !== "no-helpdesk") return ok("Tickets are in HelpDesk.");
  return attention(
    `Operations on tickets and the ticket trigger do not work. ${last.reason}`,
    "If the account has no HelpDesk, set HELPDESK to off. Otherwise give the token the scope accounts--my:ro, and put it into LIVECHAT_API_KEY.",
  );
}

export function isHelpDeskOff(liveChat: LiveChatConnection): boolean {
  return liveChat.api === "text" && liveChat.helpDeskUrl === undefined;
}
