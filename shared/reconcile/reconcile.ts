import type { Ticket, TicketPage } from "../schemas/ticket.ts";
import type { TicketStore } from "../ticket-store/ticket-store.ts";
import type { Report } from "./report.ts";

export type Reconciliation = {
  /** One page of the account's tickets, last modified first, 25 a page, the first page being 1. */
  listTickets(page: number): Promise<TicketPage>;
  /**
   * Puts a `ticket_created` event for each of these tickets, oldest first, into the event log where it is missing, and
   * answers for each whether it was. Called again with the same tickets after a crash.
   */
  appendCreated(tickets: Ticket[]): Promise<("stored" | "duplicate")[]>;
  store: TicketStore;
  /** Who runs, in words for whoever comes second. */
  holder: string;
  /** Epoch milliseconds. */
  now?: () => number;
  /** Milliseconds after which no further page is read. One call and one write more is what a run can be late by. */
  budgetMs?: number;
  /** Milliseconds at least between the starts of two sweeps that nothing but the time calls for. */
  sweepEveryMs?: number;
  /** Milliseconds that `listTickets` has spent waiting for the rate limit so far, for the report. */
  throttledMs?: () => number;
};

/**
 * Makes the stored tickets equal to the account's, as far as the budget goes; the next run goes on from there.
 *
 * @throws Conflict when a run is going on, with who holds it since when.
 * @throws AppError what `listTickets`, `appendCreated` or the storage threw; the run is recorded as failed.
 * `TooManyRequests` is not thrown: such a run is over, `throttled`.
 */
export async function reconcile(_: Reconciliation): Promise<Report> {
  throw new Error("being written");
}
