import * as v from "valibot";
import { InvalidInput } from "../../core/errors.ts";
import { fromCursor, toCursor } from "../../core/json.ts";
import { toIso } from "../../core/time.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import type { Ticket, TicketFilters } from "../../schemas/ticket.ts";
import type { FoundTickets, TicketRange } from "../live-chat.ts";
import type { CallOptions } from "../send.ts";
import { splitFilters } from "./filters.ts";
import { type HelpDeskCursor, MAX_PAGE_SIZE, type ReadPage } from "./read-page.ts";

/** The page size of `GET /tickets`, as in v2. */
const OPERATION_PAGE_SIZE = 25;
/** The largest number of calls of a search. After them it ends early, with a cursor. */
const MAX_CALLS = 40;

/** The place where a search continues. The search finds only tickets that changed before `before` (ISO 8601). */
type SearchCursor = HelpDeskCursor & { before?: string };

/** Finds tickets by HelpDesk's list, in the order of their last change. See {@link TicketDesk}. */
export async function findTickets(
  readPage: ReadPage,
  asked: TicketFilters,
  range: TicketRange,
  call?: CallOptions,
): Promise<FoundTickets> {
  const { query, chooses } = splitFilters(asked);
  const { order = "desc" } = asked;
  let cursor = range.cursor === undefined ? undefined : decodeCursor(range.cursor);
  let left = cursor ? 0 : (range.page - 1) * OPERATION_PAGE_SIZE + range.skip;
  if (left >= MAX_CALLS * MAX_PAGE_SIZE) {
    throw InvalidInput.at(
      "page",
      "page is too large: with HelpDesk, follow the URL in the header Link instead.",
    );
  }
  // In ascending order, a ticket that changes is listed again at the end. So the search is limited to the tickets that
  // changed before its first call.
  const before =
    order === "asc" ? (cursor?.before ?? (await afterLastChange(readPage, query, call))) : undefined;
  const filters = { ...query, ...(before !== undefined && { updatedDateTo: before }) };
  const isSmall = range.limit <= OPERATION_PAGE_SIZE && left === 0 && !chooses;
  const size = isSmall ? OPERATION_PAGE_SIZE : MAX_PAGE_SIZE;
  const found = new Map<string, Ticket>();
  const endAt = (end?: HelpDeskCursor): FoundTickets => ({
    tickets: [...found.values()],
    ...(end && { next: { cursor: encodeCursor({ ...end, before }) } }),
  });
  for (let calls = 1; ; calls++) {
    const page = await readPage({ sortBy: "updatedAt", order, filters, cursor }, size, call);
    for (const [index, ticket] of page.tickets.entries()) {
      if (found.has(ticket.id) || chooses?.(ticket) === false) continue;
      if (left-- > 0) continue;
      found.set(ticket.id, ticket);
      if (found.size < range.limit) continue;
      const isLast = index === page.tickets.length - 1 && page.next === undefined;
      return endAt(isLast ? undefined : page.cursorById.get(ticket.id));
    }
    cursor = page.next;
    if (!cursor || calls === MAX_CALLS) return endAt(cursor);
  }
}

/** Reads when the matching tickets last changed, by HelpDesk's clock, and adds a millisecond. ISO 8601. */
async function afterLastChange(
  readPage: ReadPage,
  filters: Record<string, string>,
  call?: CallOptions,
): Promise<string> {
  const { tickets } = await readPage({ sortBy: "updatedAt", order: "desc", filters }, 1, call);
  const [time = Date.now()] = tickets.flatMap((ticket) => factsOfTicket(ticket).changedAt ?? []);
  return toIso(time + 1);
}

function encodeCursor({ value, id, before }: SearchCursor): string {
  return toCursor([value, id, ...(before ? [before] : [])]);
}

/** @throws {InvalidInput} for a cursor that `encodeCursor` did not make */
function decodeCursor(text: string): SearchCursor {
  const time = v.pipe(v.string(), v.isoTimestamp());
  const values = fromCursor(text, v.tuple([v.string(), v.string(), v.optional(time)]));
  if (values) return { value: values[0], id: values[1], before: values[2] };
  throw InvalidInput.at("cursor", "cursor must be copied unchanged from the previous answer's header Link.");
}
