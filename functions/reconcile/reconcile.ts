import { peopleIn } from "../../shared/people/people-in.ts";
import { lastSuccess } from "../../shared/reconcile/history.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { observeAge, observeRun } from "../../shared/telemetry/observe-run.ts";
import { createdAt } from "../../shared/tickets/ticket-facts.ts";
import type { Services } from "../services.ts";

/** Below the five minutes that `host.json` gives a function, with room for the last call and write. In milliseconds. */
export const TIMER_BUDGET = 4 * 60 * 1000;
/** The same below the 230 seconds after which Azure cuts an HTTP request off. */
export const HTTP_BUDGET = 190 * 1000;

/**
 * Runs the reconciliation of this account's tickets, for the timer and for POST /reconcile. LiveChat is called with
 * background priority, so that operators' calls go first.
 */
export async function reconcileAccount(
  { liveChat, eventLog, ticketStore, now }: Services,
  { holder, budgetMs }: { holder: string; budgetMs: number },
): Promise<RunReport> {
  let throttledMs = 0;
  const call = {
    priority: "background",
    onTurn: (waited: number) => {
      throttledMs += waited;
    },
  } as const;
  try {
    const report = await reconcile({
      holder,
      source: await liveChat.ticketSource(call),
      sink: ticketStore,
      now,
      budgetMs,
      throttledMs: () => throttledMs,
      appendCreated: (tickets) =>
        Promise.all(tickets.map(async (ticket) => (await eventLog.append(foundTicket(ticket))).status)),
    });
    observeRun(report, now());
    return report;
  } finally {
    observeAge(await lastSuccess(ticketStore).catch(() => undefined), now());
  }
}

/** The event of a ticket whose webhook is missing, in the shape that the webhook would have had. */
function foundTicket(ticket: Ticket) {
  const created = createdAt(ticket);
  return {
    type: "ticket_created",
    origin: "reconcile",
    ticketId: ticket.id,
    occurredAt: created === undefined ? undefined : new Date(created).toISOString(),
    people: peopleIn({ ticket }),
    raw: JSON.stringify({ event_type: "ticket_created", ticket }),
  } as const;
}
