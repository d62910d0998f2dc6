import { MINUTE } from "../../core/time.ts";
import type { ItemFacts } from "../../listing/source.ts";
import { isCreatedSince, type Watch } from "../../reconcile/watch.ts";

/** The facts, besides the ticket itself, that decide whether an announced ticket is new. */
type NewsFacts = {
  /** When the webhook arrived, in milliseconds since the epoch. */
  receivedAt: number;
  /** Whether the webhook arrived before the first reconciliation had read the list of tickets. */
  isEarly: boolean;
  /** The watch that the first reconciliation began; absent before it. */
  watch?: Watch;
  /** Whether the reconciliation has stored the ticket. */
  isStored: boolean;
};

/**
 * The longest time from a ticket's creation to its webhook in milliseconds, including the difference between
 * HelpDesk's clock and ours.
 */
const DELIVERY_TIME = 2 * MINUTE;

/**
 * Whether an announced ticket is really new: a forged delivery may have the id of an old ticket. A stored ticket is
 * not new: it has its event, or existed when the app began to watch the account. Before the watch, a ticket is new
 * when it was created just before its webhook arrived.
 */
export function isNews(ticket: ItemFacts, { receivedAt, isEarly, watch, isStored }: NewsFacts): boolean {
  const { createdAt } = ticket;
  if (createdAt === undefined) return !isStored;
  if (isEarly && createdAt > receivedAt - DELIVERY_TIME) return true;
  return !isStored && watch !== undefined && isCreatedSince(watch, ticket);
}
