import * as v from "valibot";
import { InvalidInput } from "../../core/errors.ts";
import { fromCursor, toCursor } from "../../core/json.ts";
import { MINUTE, toIso } from "../../core/time.ts";
import { type Checkpoint, CLOCK_DIFFERENCE, type Source } from "../../listing/source.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import { type Ticket, type TicketFilters, TicketPage } from "../../schemas/ticket.ts";
import { at } from "../call.ts";
import type { FoundTickets, TicketRange } from "../live-chat.ts";
import type { CallOptions, Send } from "../send.ts";
import { splitFilters } from "./filters.ts";
import { fromHelpDesk, NO_NAMES } from "./from-helpdesk.ts";
import type { Lookups } from "./lookups.ts";

/** As many tickets as a page can have. */
const PAGE_SIZE = 100;
/** A page as our operation counts them, as v2 does. */
const OUR_PAGE_SIZE = 25;
/** So many calls one search makes at most; it then ends early, with a cursor. */
const CALLS = 40;
/** Milliseconds that a change may take to show in the list. */
const OVERLAP = 2 * MINUTE;
/** Milliseconds after which a change has surely shown, by the account's clock too. */
const SURELY_SHOWN = OVERLAP + CLOCK_DIFFERENCE;

type SortBy = "createdAt" | "updatedAt";
/** The last row of a page: the value it is sorted by, and its id. */
type HelpDeskCursor = {
  value: string;
  id: string;
  /** ISO 8601: only tickets that changed before this are read. */
  before?: string;
};
type Query = {
  sortBy: SortBy;
  order: "asc" | "desc";
  filters?: Record<string, string>;
  cursor?: HelpDeskCursor;
};

type TicketListPage = Pick<TicketPage, "tickets" | "odd" | "withoutId"> & {
  /** Where to go on behind each ticket. */
  cursorById: ReadonlyMap<string, HelpDeskCursor>;
  /** Where to go on behind the last one; absent at the end. */
  next?: HelpDeskCursor;
};

/** HelpDesk's list of tickets. It has no page numbers: a page goes on behind the last ticket of the one before. */
export function createTicketList(send: Send, lookups: Lookups, { pageSize = PAGE_SIZE } = {}) {
  async function readPage(
    { sortBy, order, filters, cursor }: Query,
    size: number,
    call?: CallOptions,
  ): Promise<TicketListPage> {
    const query = {
      ...{ silo: "tickets", eventsScope: "full", pageSize: size, sortBy, order },
      ...filters,
      ...(cursor && { "next.value": cursor.value, "next.ID": cursor.id }),
    };
    const request = { method: "GET", to: at`tickets`, query, answer: v.array(v.unknown()) } as const;
    const rows = await send(request, call);
    const names = rows.length > 0 ? await lookups.namesFor(rows, call) : NO_NAMES;
    const cursors = rows.flatMap((row) => cursorAt(row, sortBy) ?? []);
    const next = rows.length < size ? undefined : cursors.at(-1);
    // The same cursor again would be the same page for ever.
    const isStuck = next !== undefined && next.id === cursor?.id && next.value === cursor.value;
    const { tickets, odd, withoutId } = v.parse(TicketPage, {
      ...{ pages: 0, total: 0 },
      tickets: rows.map((row) => fromHelpDesk(row, names)),
    });
    const cursorById = new Map(cursors.map((one) => [one.id, one]));
    return { tickets, odd, withoutId, cursorById, ...(!isStuck && { next }) };
  }

  /** The time right behind the last change of the tickets that the filters choose, by HelpDesk's clock: ISO 8601. */
  async function behindLastChange(filters: Record<string, string>, call?: CallOptions): Promise<string> {
    const { tickets } = await readPage({ sortBy: "updatedAt", order: "desc", filters }, 1, call);
    const [at = Date.now()] = tickets.flatMap((ticket) => factsOfTicket(ticket).changedAt ?? []);
    return toIso(at + 1);
  }

  return {
    /** Tickets that the filters choose, by last modification. */
    async find(asked: TicketFilters, range: TicketRange, call?: CallOptions): Promise<FoundTickets> {
      const { query, chooses } = splitFilters(asked);
      const order = asked.order ?? "desc";
      let cursor = range.cursor === undefined ? undefined : decodeHelpDeskCursor(range.cursor);
      let left = cursor ? 0 : (range.page - 1) * OUR_PAGE_SIZE + range.skip;
      if (left >= CALLS * PAGE_SIZE) {
        throw InvalidInput.at(
          "page",
          "page is too far behind the first: with HelpDesk, follow Link to read on.",
        );
      }
      // Upwards, a ticket that changes comes again at the end: what follows Link is as of the first call.
      const before = order === "asc" ? (cursor?.before ?? (await behindLastChange(query, call))) : undefined;
      const filters = { ...query, ...(before !== undefined && { updatedDateTo: before }) };
      const isSmall = range.limit <= OUR_PAGE_SIZE && left === 0 && !chooses;
      const size = isSmall ? OUR_PAGE_SIZE : PAGE_SIZE;
      const found = new Map<string, Ticket>();
      const answer = (behind?: HelpDeskCursor): FoundTickets => ({
        tickets: [...found.values()],
        ...(behind && { next: { cursor: encodeHelpDeskCursor({ ...behind, before }) } }),
      });
      for (let calls = 1; ; calls++) {
        const page = await readPage({ sortBy: "updatedAt", order, filters, cursor }, size, call);
        const { tickets } = page;
        for (const [index, ticket] of tickets.entries()) {
          if (found.has(ticket.id) || chooses?.(ticket) === false) continue;
          if (left-- > 0) continue;
          found.set(ticket.id, ticket);
          if (found.size < range.limit) continue;
          const isLast = index === tickets.length - 1 && page.next === undefined;
          return answer(isLast ? undefined : page.cursorById.get(ticket.id));
        }
        cursor = page.next;
        if (!cursor || calls === CALLS) return answer(cursor);
      }
    },

    /**
     * The list for the reconciliation. What changed is read in the order of changes: a ticket that changes meanwhile
     * comes again at the end. It is read from a little before the checkpoint on, as long as a change from there may not
     * have shown yet. Everything is read in the order of creation, which no change moves. So no reading has doubts.
     * HelpDesk does not count its tickets.
     */
    source(call?: CallOptions): Source<Ticket, CursorPosition> {
      return {
        facts: factsOfTicket,
        begin: ({ since, now }) => ({ since, horizon: now + CLOCK_DIFFERENCE, page: 0 }),
        async read(position) {
          const { since, horizon, cursor, page, top = since?.key } = position;
          const begunAt = horizon - CLOCK_DIFFERENCE;
          const from = since && toIso(Math.max(0, since.closed ? since.key + 1 : since.key - OVERLAP));
          const query: Query = from
            ? { sortBy: "updatedAt", order: "asc", filters: { updatedDateFrom: from }, cursor }
            : { sortBy: "createdAt", order: "desc", cursor };
          const { tickets, next, odd, withoutId } = await readPage(query, pageSize, call);
          const times = tickets.flatMap((ticket) => factsOfTicket(ticket).changedAt ?? []);
          const newest = Math.max(top ?? -1, ...times.filter((time) => time <= horizon));
          const progress = { page: page + 1, pages: page + 1 };
          return {
            position: { since, horizon, cursor: next, page: page + 1, top: newest },
            items: tickets,
            ...{ odd, withoutId, progress },
            ...(since && { checkpoint: { key: newest, closed: newest < begunAt - SURELY_SHOWN } }),
            // What changes while everything is read is found from the newest ticket on.
            ...(!since &&
              page === 0 && { checkpoint: { key: newestCreation(tickets, horizon), closed: false } }),
            ...(!next && { end: { doubts: [] } }),
          };
        },
      };
    },
  };
}

type CursorPosition = {
  since?: Checkpoint;
  horizon: number;
  cursor?: HelpDeskCursor;
  page: number;
  /** The latest change that was seen, in milliseconds since the epoch. */
  top?: number;
};

function newestCreation(tickets: readonly Ticket[], horizon: number): number {
  const times = tickets.flatMap((ticket) => factsOfTicket(ticket).createdAt ?? []);
  return Math.max(-1, ...times.filter((time) => time <= horizon));
}

function cursorAt(row: unknown, sortBy: SortBy): HelpDeskCursor | undefined {
  const { ID, [sortBy]: value } = (row ?? {}) as Record<string, unknown>;
  return typeof ID === "string" && typeof value === "string" ? { id: ID, value } : undefined;
}

function encodeHelpDeskCursor({ value, id, before }: HelpDeskCursor): string {
  return toCursor([value, id, ...(before ? [before] : [])]);
}

/** @throws {InvalidInput} when it is not from Link of an answer */
function decodeHelpDeskCursor(text: string): HelpDeskCursor {
  const time = v.pipe(v.string(), v.isoTimestamp());
  const values = fromCursor(text, v.tuple([v.string(), v.string(), v.optional(time)]));
  if (values) return { value: values[0], id: values[1], before: values[2] };
  const message = "must be as it stands in Link of the call before";
  throw new InvalidInput("The cursor cannot be read.", { problems: [{ path: "cursor", message }] });
}
