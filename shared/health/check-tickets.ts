import { readHistory } from "../reconcile/history.ts";
import type { Examined } from "./examined.ts";
import type { Check } from "./monitor.ts";

/**
 * Whether the account has tickets: on the Text platform they are in HelpDesk, which needs a licence of its own. Judged by
 * the last run of the reconciliation, so it makes no call.
 */
export function checkTickets(app: Pick<Examined, "settings" | "ticketStore">): Check {
  return {
    name: "tickets",
    vital: false,
    needs: "storage",
    freshFor: 5_000,
    look: async () => {
      const { settings, ticketStore } = app;
      if (settings.liveChat.api === "v2") return { state: "ok", detail: "LiveChat's API v2 has tickets." };
      if (settings.liveChat.helpDeskUrl === undefined) {
        return {
          state: "ok",
          detail: "HELPDESK is off: operations on tickets and the ticket trigger answer that there are none.",
        };
      }
      const [last] = (await readHistory(ticketStore, { limit: 1 })).runs;
      if (last?.code !== "no-helpdesk") return { state: "ok", detail: "Tickets are in HelpDesk." };
      return {
        state: "attention",
        detail: `Operations on tickets and the ticket trigger do not work. ${last.reason}`,
        action:
          "If the account has no HelpDesk, set HELPDESK to off. Otherwise give the token the scope accounts--my:ro, and put it into LIVECHAT_API_KEY.",
      };
    },
  };
}
