import { reconcile } from "../../shared/reconcile/reconcile.ts";
import type { Report } from "../../shared/reconcile/report.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import type { Services } from "../services.ts";

/** Below the five minutes that `host.json` gives a function, with room for the last call and write. */
const BUDGET_MS = 4 * 60 * 1000;

/**
 * Runs the reconciliation of this account's tickets, for the timer and for whoever asks for it now. LiveChat is called with
 * background priority, so that operators' calls go first.
 */
export async function reconcileAccount(
  { liveChat, eventLog, ticketStore }: Services,
  holder: string,
): Promise<Report> {
  return reconcile({
    holder,
    store: ticketStore,
    budgetMs: BUDGET_MS,
    listTickets: (page) => liveChat.listTickets({ page }, { priority: "background" }),
    appendCreated: (tickets) =>
      Promise.all(tickets.map(async (ticket) => (await eventLog.append(foundTicket(ticket))).status)),
  });
}

/** The event of a ticket whose webhook is missing, in the shape that the webhook would have had. */
function foundTicket(ticket: Ticket) {
  return {
    type: "ticket_created",
    origin: "reconcile",
    ticketId: ticket.id,
    occurredAt: ticket.date,
    person: ticket.requester?.mail,
    raw: JSON.stringify({ event_type: "ticket_created", ticket }),
  } as const;
}
