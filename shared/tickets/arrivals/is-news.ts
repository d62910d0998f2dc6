import type { ItemFacts } from "../../listing/source.ts";
import { isCreatedSince, type Watch } from "../../reconcile/watch.ts";

/** What is known when an announced ticket has been read. */
type Announcement = {
  /** When the webhook came, in milliseconds since the epoch. */
  receivedAt: number;
  /** Whether it came before the first reconciliation had read which tickets are there. */
  isEarly: boolean;
  /** What that reconciliation read; absent before it. */
  watch?: Watch;
  /** Whether the reconciliation has stored the ticket. */
  isStored: boolean;
};

/** Milliseconds from a ticket's creation to its webhook, and between HelpDesk's clock and ours. */
const DELIVERY_TIME = 2 * 60_000;

/**
 * Whether an announced ticket is new, as its webhook says: a delivery may repeat the id of an old ticket, and HelpDesk signs
 * nothing. A stored ticket has its event, or was there when the app began to watch the account. Before that, a ticket is
 * new that was created just before its webhook came.
 */
export function isNews(ticket: ItemFacts, { receivedAt, isEarly, watch, isStored }: Announcement): boolean {
  const { createdAt } = ticket;
  if (createdAt === undefined) return !isStored;
  if (isEarly && createdAt > receivedAt - DELIVERY_TIME) return true;
  return !isStored && watch !== undefined && isCreatedSince(watch, ticket);
}
