import type { TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../../core/errors.ts";
import type { LiveChatApi } from "../../core/settings.ts";
import { SECOND } from "../../core/time.ts";
import { inGroups } from "../../core/values.ts";
import type { Sink } from "../../reconcile/sink.ts";
import type { StoredTicket, StoredTicketPage } from "../../schemas/stored-ticket.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { unpack } from "../../storage/body.ts";
import { checkFormat, type Formatted } from "../../storage/format.ts";
import { withPrefix } from "../../storage/keys.ts";
import { acquireLease } from "../../storage/lease.ts";
import { type Row, readRow, readRows } from "../../storage/rows.ts";
import { nextAfter, scan, scanRows } from "../../storage/scan.ts";
import { decodeTicketCursor, encodeTicketCursor, type TicketCursor } from "./cursor.ts";
import { noteKey, readChanges, readState } from "./state-row.ts";
import {
  ALL_TICKETS,
  column,
  modifiedUntil,
  type Pointer,
  pointerKey,
  readTicket,
  TICKETS_PARTITION,
  type TicketColumns,
} from "./ticket-row.ts";
import { openWriter } from "./writer.ts";

export type TicketQuery = {
  status?: string;
  /** Id (login) of the agent; upper and lower case are the same. */
  assignee?: string;
  /** Email address of the requester; upper and lower case are the same. */
  requester?: string;
  /** ISO time: only tickets modified then or later. */
  modifiedSince?: string;
  /** Only deleted tickets (true), only live ones (false), or all. */
  deleted?: boolean;
  /** How many tickets a page has at most: 1 to 1,000; 100 when it is absent. */
  limit?: number;
  /** `next` of the previous page. */
  cursor?: string;
};

/** The stored tickets, and the reconciliation's state. */
export type TicketStore = Sink<Ticket> & {
  /** The ticket with this id, also when it was deleted in LiveChat or erased. */
  get(id: string): Promise<StoredTicket | undefined>;
  /**
   * Tickets that are not erased, last modified first. A page ends early, perhaps without a ticket, after 10 s or 8
   * MiB. The pages up to `next: null` have every ticket; a ticket that changes during the reading comes again at the
   * end.
   *
   * @throws InvalidInput when the cursor is not `next` of a page
   */
  list(query?: TicketQuery): Promise<StoredTicketPage>;
};

type TicketStoreOptions = {
  /** From `openTable`. */
  table: TableClient;
  /** The API whose tickets are reconciled; tickets of the other API stay unchanged. */
  api?: LiveChatApi;
  /** Milliseconds since the epoch. */
  now?: () => number;
};

const DEFAULT_LIMIT = 100;
/** A page gets no further ticket once its tickets have this many bytes of JSON. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** A page gets no further ticket after this many milliseconds. */
const PAGE_TIME = 10 * SECOND;
/** How many times a ticket is read again because it has moved between the reads of its two rows. */
const READ_ATTEMPTS = 10;

export function openTicketStore({ table, api = "v2", now = Date.now }: TicketStoreOptions): TicketStore {
  /** After a move to the Text platform, tickets of v2 are marked, because LiveChat no longer lists them. */
  const marked = (ticket: StoredTicket): StoredTicket => (api === "v2" ? ticket : { api: "v2", ...ticket });

  return {
    async get(id) {
      for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
        const pointer = await readRow<Pointer>(table, TICKETS_PARTITION, pointerKey(id));
        if (!pointer) return undefined;
        if (pointer.row === "") return { id, erasedAt: pointer.erasedAt };
        const row = await readRow<TicketColumns>(table, TICKETS_PARTITION, pointer.row);
        if (row?.erasedAt !== undefined) {
          const { deletedAt, erasedAt } = row;
          return { id, ...(deletedAt !== undefined && { deletedAt }), erasedAt };
        }
        if (row) return marked((await readTicket(row)).ticket);
      }
      throw new StorageUnavailable("The ticket changes too often to be read.");
    },

    async list({ limit = DEFAULT_LIMIT, cursor, ...filters } = {}) {
      const items: StoredTicket[] = [];
      const end = now() + PAGE_TIME;
      let bytes = 0;
      let hasMoved = false;
      let position: TicketCursor = cursor
        ? decodeTicketCursor(cursor)
        : { since: 0, began: await readChanges(table) };
      for (;;) {
        for await (const { at, row } of rowsOf(table, filters, position)) {
          const isFull = items.length === limit || bytes >= PAGE_BYTES || now() >= end;
          if (isFull && hasMoved) return { items, next: encodeTicketCursor({ ...position, at }) };
          hasMoved = true;
          if (!row) continue;
          const read = await readTicket(row);
          items.push(marked(read.ticket));
          bytes += read.bytes;
        }
        const began = await readChanges(table);
        if (began === position.began) return { items, next: null };
        position = { since: position.began, began };
        if (items.length === limit) return { items, next: encodeTicketCursor(position) };
      }
    },

    lock: (options) => acquireLease(table, { partitionKey: TICKETS_PARTITION, rowKey: "lease" }, options),
    write: () => openWriter(table, api),
    state: async () => (await readState(table, api)).state,

    async *notes(prefix) {
      const range = withPrefix(noteKey(api, prefix));
      for await (const row of readRows<Formatted>(table, TICKETS_PARTITION, range)) {
        yield JSON.parse(await unpack(checkFormat(row, "ticket store")));
      }
    },
  };
}

/**
 * A visited row; `row` is absent when the query does not select it. The next page continues at `at` when the row does
 * not fit this page.
 */
type VisitedRow = { at: string; row?: Row<TicketColumns> };

/** How many rows a request reads together with their bodies. */
const BODIES_AT_ONCE = 32;

/** The rows that a query selects, from a position on. */
async function* rowsOf(
  table: TableClient,
  query: TicketQuery,
  { at: from = ALL_TICKETS.from, since }: TicketCursor,
): AsyncGenerator<VisitedRow> {
  const { modifiedSince, status, assignee, requester, deleted } = query;
  const before = modifiedSince === undefined ? ALL_TICKETS.before : modifiedUntil(Date.parse(modifiedSince));
  const isRestricted =
    since > 0 || [status, assignee, requester, deleted].some((value) => value !== undefined);
  if (!isRestricted) {
    const range = { from, before, window: BODIES_AT_ONCE };
    for await (const row of scanRows<TicketColumns>(table, TICKETS_PARTITION, range)) {
      yield { at: row.rowKey, ...(row.erasedAt === undefined && { row }) };
    }
    return;
  }
  // Reads the columns of all rows, and the bodies of the selected rows.
  const select = ["rowKey", "status", "assignee", "requester", "deleted", "erasedAt", "change"];
  for await (const rows of scan<TicketColumns>(table, TICKETS_PARTITION, { from, before, select })) {
    const keys = rows.filter((row) => isSelected(row, query, since)).map(({ rowKey }) => rowKey);
    const full = inGroups(keys, BODIES_AT_ONCE, (key) =>
      readRow<TicketColumns>(table, TICKETS_PARTITION, key),
    );
    // A row that no longer exists has moved up; its ticket comes again at the end.
    for await (const row of full) if (row && row.erasedAt === undefined) yield { at: row.rowKey, row };
    yield { at: nextAfter(rows.at(-1)?.rowKey ?? "") };
  }
}

function isSelected(
  row: TicketColumns,
  { status, assignee, requester, deleted }: TicketQuery,
  since: number,
): boolean {
  return (
    row.erasedAt === undefined &&
    row.change > since &&
    (status === undefined || row.status === column(status)) &&
    (assignee === undefined || row.assignee === column(assignee)) &&
    (requester === undefined || row.requester === column(requester)) &&
    (deleted === undefined || row.deleted === deleted)
  );
}
