import type { Ticket } from "../schemas/ticket.ts";
import { modifiedAt } from "../ticket-store/ticket-row.ts";

/**
 * Since when this app watches the account: the last modification that the very first page showed. Tickets that were
 * created since are to have an event; of those that are older the app never claimed to know.
 */
export type Watch = {
  /** Milliseconds since the epoch, by LiveChat's clock; -1 when the account was empty. */
  since: number;
  /** The tickets that were there already and were modified at that time. Absent when they may be more than a page. */
  known?: string[];
};

/** @param first the account's first page of tickets, when it is read for the first time */
export function beginWatch(first: readonly Ticket[], pageSize: number): Watch {
  const [newest] = first;
  const since = newest ? modifiedAt(newest) : -1;
  const known = first.filter((ticket) => modifiedAt(ticket) === since).map(({ id }) => id);
  return known.length < pageSize ? { since, known } : { since };
}

/**
 * Whether a ticket that was not stored before was created since the watch began. LiveChat's times are whole seconds, so
 * in the second in which it began only the ids tell.
 */
export function isCreatedSince({ since, known }: Watch, { id, date }: Ticket): boolean {
  if (date === undefined) return false;
  const created = Date.parse(date);
  return created > since || (created === since && known !== undefined && !known.includes(id));
}
