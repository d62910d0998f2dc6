import { MINUTE, toIso } from "../../core/time.ts";
import { type Checkpoint, CLOCK_DIFFERENCE, type ItemFacts, type Source } from "../../listing/source.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import type { CallOptions } from "../send.ts";
import { type HelpDeskCursor, MAX_PAGE_SIZE, type ReadPage } from "./read-page.ts";

/** Milliseconds within which the list shows a change. */
const CHANGE_DELAY = 2 * MINUTE;
/** Milliseconds after which the list certainly shows a change, even if HelpDesk's clock is slow. */
const CERTAIN_CHANGE_DELAY = CHANGE_DELAY + CLOCK_DIFFERENCE;

type CursorPosition = {
  /** The reading lists the tickets that changed since this checkpoint; without it, all tickets. */
  since?: Checkpoint;
  /** Times after it are wrong. In milliseconds since the epoch. */
  horizon: number;
  cursor?: HelpDeskCursor;
  /** The number of pages read so far. */
  page: number;
  /** The time of the latest change so far, in milliseconds since the epoch. */
  top?: number;
};

/**
 * HelpDesk's list of tickets for the reconciliation. No ticket can be missed while the list changes, so a reading never
 * has doubts:
 *
 * - Changed tickets are read in the order of their changes. A ticket that changes meanwhile is listed again at the end.
 *   The reading begins a little before the checkpoint, because the last changes before it may not have shown yet.
 * - All tickets are read in the order of their creation, which no change affects.
 *
 * HelpDesk does not count its tickets.
 */
export function ticketSource(
  readPage: ReadPage,
  { pageSize = MAX_PAGE_SIZE, call }: { pageSize?: number; call?: CallOptions } = {},
): Source<Ticket, CursorPosition> {
  return {
    facts: factsOfTicket,
    begin: ({ since, now }) => ({ since, horizon: now + CLOCK_DIFFERENCE, page: 0 }),
    async read({ since, horizon, cursor, page, top = since?.key }) {
      const { tickets, next, odd, withoutId } = await readPage(
        since
          ? { sortBy: "updatedAt", order: "asc", filters: { updatedDateFrom: startOf(since) }, cursor }
          : { sortBy: "createdAt", order: "desc", cursor },
        pageSize,
        call,
      );
      const newest = latest(tickets, "changedAt", { horizon, least: top });
      const isComplete = newest < horizon - CLOCK_DIFFERENCE - CERTAIN_CHANGE_DELAY;
      return {
        position: { since, horizon, cursor: next, page: page + 1, top: newest },
        items: tickets,
        odd,
        withoutId,
        progress: { page: page + 1, pages: page + 1 },
        ...(since && { checkpoint: { key: newest, closed: isComplete } }),
        // The next reading finds the changes during this one: it begins at the newest ticket of the first page.
        ...(!since &&
          page === 0 && { checkpoint: { key: latest(tickets, "createdAt", { horizon }), closed: false } }),
        ...(!next && { end: { doubts: [] } }),
      };
    },
  };
}

/** The start of a reading of the changes after a checkpoint. ISO 8601. */
function startOf({ key, closed }: Checkpoint): string {
  return toIso(Math.max(0, closed ? key + 1 : key - CHANGE_DELAY));
}

/** The latest time of the tickets that is not after the horizon. */
function latest(
  tickets: readonly Ticket[],
  fact: Exclude<keyof ItemFacts, "id">,
  { horizon, least = -1 }: { horizon: number; least?: number },
): number {
  const times = tickets.flatMap((ticket) => factsOfTicket(ticket)[fact] ?? []);
  return Math.max(least, ...times.filter((time) => time <= horizon));
}
