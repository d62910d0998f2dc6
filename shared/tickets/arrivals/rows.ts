import { after } from "../../storage/keys.ts";

/** Rows of the events' table, in a partition of their own: a ticket has one until its event is in the log. */
export const PARTITION = "arrivals";
const DUE = "due:";
export const DUES = { from: DUE, before: after(DUE) };

export type DueTicket = {
  ticketId: string;
  /** ISO 8601, as is `dueAt`. */
  receivedAt: string;
  /** Before this nothing is done: another process may be at it. */
  dueAt: string;
  attempts: number;
  /** Whether it came before the first reconciliation had read which tickets are there. */
  isEarly?: boolean;
};
