import * as v from "valibot";
import { objectOf } from "../../core/values.ts";
import { TicketPage } from "../../schemas/ticket.ts";
import { path } from "../call.ts";
import type { CallOptions, Send } from "../send.ts";
import { fromHelpDesk, NO_NAMES } from "./from-helpdesk.ts";
import type { Lookups } from "./lookups.ts";

/** HelpDesk's largest page. */
export const MAX_PAGE_SIZE = 100;

/** The place after a row of the list: the row's value of the sorted field, and its id. */
export type HelpDeskCursor = { value: string; id: string };

type Query = {
  sortBy: "createdAt" | "updatedAt";
  order: "asc" | "desc";
  filters?: Record<string, string>;
  cursor?: HelpDeskCursor;
};

type TicketListPage = Pick<TicketPage, "tickets" | "odd" | "withoutId"> & {
  /** The place after each ticket. */
  cursorById: ReadonlyMap<string, HelpDeskCursor>;
  /** The place after the last ticket; absent at the end of the list. */
  next?: HelpDeskCursor;
};

export type ReadPage = (query: Query, size: number, call?: CallOptions) => Promise<TicketListPage>;

/**
 * Makes the function that reads a page of HelpDesk's list of tickets. The list has no page numbers: a page begins after
 * the last ticket of the page before.
 */
export function pageReader(send: Send, lookups: Pick<Lookups, "namesFor">): ReadPage {
  return async ({ sortBy, order, filters, cursor }, size, call) => {
    const query = {
      silo: "tickets",
      eventsScope: "full",
      pageSize: size,
      sortBy,
      order,
      ...filters,
      ...(cursor && { "next.value": cursor.value, "next.ID": cursor.id }),
    };
    const request = { method: "GET", to: path`tickets`, query, answer: v.array(v.unknown()) } as const;
    const rows = await send(request, call);
    const names = rows.length > 0 ? await lookups.namesFor(rows, call) : NO_NAMES;
    const cursors = rows.flatMap((row) => cursorAfter(row, sortBy) ?? []);
    const next = rows.length < size ? undefined : cursors.at(-1);
    // A repeated cursor would give the same page without end.
    const isStuck = next !== undefined && next.id === cursor?.id && next.value === cursor.value;
    const { tickets, odd, withoutId } = v.parse(TicketPage, {
      pages: 0,
      total: 0,
      tickets: rows.map((row) => fromHelpDesk(row, names)),
    });
    const cursorById = new Map(cursors.map((one) => [one.id, one]));
    return { tickets, odd, withoutId, cursorById, ...(!isStuck && { next }) };
  };
}

function cursorAfter(row: unknown, sortBy: Query["sortBy"]): HelpDeskCursor | undefined {
  const { ID, [sortBy]: value } = objectOf(row);
  return typeof ID === "string" && typeof value === "string" ? { id: ID, value } : undefined;
}
