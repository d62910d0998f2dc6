import { lastSuccess } from "../../shared/reconcile/history.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { observeAge, observeRun } from "../../shared/telemetry/observe-run.ts";
import { ticketEvent } from "../../shared/tickets/ticket-event.ts";
import type { Services } from "../services.ts";

/**
 * Milliseconds for a run over HTTP: less than the 230 seconds after which Azure ends an HTTP request, with time for
 * the last call and write.
 */
export const HTTP_BUDGET = 190 * 1000;

/**
 * Reconciles the account's tickets, for the timer and for `POST /reconcile/tickets`. Its calls have background
 * priority, so operators' calls go first.
 */
export async function reconcileTicketsOf(
  { liveChat, eventLog, ticketStore, settings, now }: Services,
  { holder, budgetMs }: { holder: string; budgetMs: number },
): Promise<RunReport> {
  const append = async (ticket: Ticket) => {
    const { status } = await eventLog.append(ticketEvent(ticket, "reconcile", settings.liveChat.api));
    return status;
  };
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
      appendCreated: (tickets) => Promise.all(tickets.map(append)),
    });
    observeRun(report, now());
    return report;
  } finally {
    observeAge(await lastSuccess(ticketStore).catch(() => undefined), now());
  }
}
