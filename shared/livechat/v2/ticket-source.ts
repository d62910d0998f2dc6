import { InvalidInput, NotFound } from "../../core/errors.ts";
import { MINUTE } from "../../core/time.ts";
import {
  type Checkpoint,
  CLOCK_DIFFERENCE,
  type Doubts,
  type ItemFacts,
  type ItemPage,
  type Source,
  UnusablePage,
} from "../../listing/source.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import {
  advanceWalk,
  beginWalk,
  doubtsOf,
  hasPassed,
  type ListedRow,
  nextPage,
  refuse,
  restoreWalk,
  type StoredWalk,
  storeWalk,
  type Walk,
} from "../../listing/walk.ts";
import type { Ticket, TicketPage } from "../../schemas/ticket.ts";
import { TICKETS_PER_PAGE } from "./find-tickets.ts";

/** The position of a reading in the list. */
export type PagePosition = { walk: StoredWalk; since?: Checkpoint; begunAt: number };

/** A run fails after this many unusable answers in a row. */
const UNUSABLE_LIMIT = 3;
/** A run fails after this many answers that repeat another page. */
const ECHO_LIMIT = 10;
/** After this many milliseconds a second has also ended by LiveChat's clock, even if that clock is slow. */
const SECOND_OVER_AFTER = MINUTE;
/** The checkpoint before the first ticket. */
const EARLIEST: Checkpoint = { key: -1, closed: false };

/**
 * LiveChat's list of tickets for the reconciliation. Its pages have numbers, and the ticket with the latest change comes
 * first. So a reading is a walk of `walk.ts`.
 *
 * @param listTickets reads one page of all tickets; the first page is 1
 * @param pageSize the documented page size; if it is wrong, the walk learns the true one
 */
export function ticketSource(
  listTickets: (page: number) => Promise<TicketPage>,
  { pageSize = TICKETS_PER_PAGE } = {},
): Source<Ticket, PagePosition> {
  // A page with an unusable answer is read again. Each run has its own limits for that.
  let [unusable, echoes] = [0, 0];
  return {
    facts: factsOfTicket,
    begin({ since, now, live, memory }) {
      const size = typeof memory === "number" ? memory : pageSize;
      const known = { usualSize: pageSize, horizon: now + CLOCK_DIFFERENCE, filled: live > 0 };
      return { walk: storeWalk(beginWalk(size, known)), since, begunAt: now };
    },

    async read(position) {
      const begun = restoreWalk(position.walk);
      const page = nextPage(begun);
      let answer: TicketPage;
      try {
        answer = await listTickets(page);
      } catch (error) {
        const next = error instanceof InvalidInput || error instanceof NotFound ? refuse(begun) : undefined;
        if (!next) throw error;
        return toPage(position, next);
      }
      const { tickets, total, pages, odd, withoutId = 0 } = answer;
      const listed = toRows(tickets.map(factsOfTicket), withoutId);
      const { walk, rows, fault, isEcho } = advanceWalk(begun, { page, total, pages, rows: listed });
      unusable = fault ? unusable + 1 : 0;
      if (isEcho) echoes++;
      if (unusable === UNUSABLE_LIMIT || echoes === ECHO_LIMIT) {
        throw new UnusablePage(`LiveChat's list cannot be right: ${fault}.`);
      }
      const next = toPage(position, walk);
      if (!rows) return next;
      const shown = new Set(rows.map(({ id }) => id));
      return { ...next, items: tickets.filter(({ id }) => shown.has(id)), odd, withoutId };
    },
  };
}

function toPage(position: PagePosition, walk: Walk): ItemPage<Ticket, PagePosition> {
  const { since } = position;
  const pages = Math.ceil((walk.total ?? 0) / walk.size);
  const doubts = doubtsOf(walk, since && (since.closed ? since.key + 1 : since.key));
  const isOver = since ? hasPassed(walk, since.key, { above: since.closed }) : walk.ended;
  return {
    position: { ...position, walk: storeWalk(walk) },
    progress: { page: Math.min(pages, nextPage(walk) - 1), pages },
    memory: walk.size,
    ...((walk.top !== undefined || isOver) && { checkpoint: checkpointOf(position, walk.top, doubts) }),
    ...(isOver && { end: { total: since ? walk.totalAtTop : walk.total, doubts } }),
  };
}

/**
 * The checkpoint after a reading: the highest key of the list when the reading began. With doubts it is the lowest
 * doubted key, so the next reading reads from there again.
 */
function checkpointOf({ since, begunAt }: PagePosition, top: number | undefined, doubts: Doubts): Checkpoint {
  if (top === undefined || (since && doubts === "all")) return since ?? EARLIEST;
  const lowest = since && doubts !== "all" ? Math.min(...doubts) : Number.POSITIVE_INFINITY;
  return lowest <= top
    ? { key: lowest, closed: false }
    : { key: top, closed: top < begunAt - SECOND_OVER_AFTER };
}

/** The rows for the walk, in the order of the list. An item without `changedAt` gets the key of the row before it. */
function toRows(items: readonly ItemFacts[], withoutId: number): ListedRow[] {
  let key = items.find(({ changedAt }) => changedAt !== undefined)?.changedAt ?? 0;
  const rows = items.map(({ id, changedAt = key }) => {
    key = changedAt;
    return { id, key };
  });
  // Items without an id count for the page size. Their made-up ids begin with a space, as no ticket's id does.
  return [...rows, ...Array.from({ length: withoutId }, (_, index) => ({ id: ` ${index}`, key }))];
}
