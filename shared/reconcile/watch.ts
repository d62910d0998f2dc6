import type { Ticket } from "../schemas/ticket.ts";
import { modifiedAt } from "../tickets/store/ticket-row.ts";

/**
 * Since when this app watches the account: the last modification that the very first page showed. Tickets that were
 * created since are to have an event; of those that are older the app never claimed to know.
 */
export type Watch = {
  /** Milliseconds since the epoch, by LiveChat's clock. */
  since: number;
  /**
   * While that second may still last: the tickets that were modified in it and were there already. Absent when they may
   * be more than a page.
   */
  known?: string[];
};

/** Milliseconds by which our clock and LiveChat's may differ, amply. */
const CLOCK_DIFFERENCE = 10 * 60_000;

/**
 * An account without tickets tells no time. Then it is our clock's, so that an empty answer that is not true does not
 * make every ticket of the account look new.
 *
 * @param first the account's first page of tickets, when it is read for the first time
 * @param now milliseconds since the epoch
 */
export function beginWatch(first: readonly Ticket[], pageSize: number, now: number): Watch {
  const [newest] = first;
  const since = newest ? modifiedAt(newest) : now - CLOCK_DIFFERENCE;
  const known = first.filter((ticket) => modifiedAt(ticket) === since).map(({ id }) => id);
  const isOver = since < now - CLOCK_DIFFERENCE;
  return isOver || known.length === pageSize ? { since } : { since, known };
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
