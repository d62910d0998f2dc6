import { odata, type TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../../core/errors.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { decompress, fromProperties } from "../../storage/body.ts";
import { after } from "../../storage/keys.ts";
import { acquireLease, type Lease, type LeaseOptions } from "../../storage/lease.ts";
import { readPages, readRow, readRows } from "../../storage/rows.ts";
import { type Cursor, decodeCursor, encodeCursor } from "./cursor.ts";
import { NOTE, readChanges, readState } from "./state-row.ts";
import {
  ALL_TICKETS,
  column,
  modifiedUntil,
  PARTITION,
  type Pointer,
  pointerKey,
  readTicket,
  type TicketColumns,
} from "./ticket-row.ts";
import { openWriter, type TicketWriter } from "./writer.ts";

/** A ticket as LiveChat last showed it, and what became of it here. */
export type StoredTicket = Ticket & {
  /** ISO time at which a complete sweep no longer found it upstream. Absent while it is there. */
  deletedAt?: string;
  /** True when it is larger than a row of Table Storage, and is kept without its `events`. */
  truncated?: true;
};

export type TicketQuery = {
  status?: string;
  /** Id (login) of the agent; upper and lower case are the same. */
  assignee?: string;
  /** Email address of the requester; upper and lower case are the same. */
  requester?: string;
  /** ISO time: only tickets modified then or later. */
  modifiedSince?: string;
  /** Only tickets that are gone upstream (true), only those that are there (false), or all. */
  deleted?: boolean;
  /** At most this many, 1 to 1,000; 100 when not given. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
};

export type TicketQueryPage = {
  items: StoredTicket[];
  /** The `cursor` of the next page; `null` at the end. */
  next: string | null;
};

export type TicketStore = {
  /** The ticket with this id, also when it is gone upstream. */
  get(id: string): Promise<StoredTicket | undefined>;
  /**
   * Tickets, last modified first; a page is a range read. Who follows `next` to the end sees every ticket, also one that
   * changes meanwhile: it comes once more at the end.
   *
   * @throws InvalidInput when the cursor is none of ours.
   */
  list(query?: TicketQuery): Promise<TicketQueryPage>;
  /** @throws Conflict when somebody else writes, with who it is and since when. */
  lock(options: LeaseOptions): Promise<Lease>;
  /** Only for who holds the lock; two writers notice each other by the `Conflict` that the second to commit gets. */
  write<State>(): Promise<TicketWriter<State>>;
  /** The state that the last commit left. One point read. */
  state<State>(): Promise<State | undefined>;
  /** The notes whose names start like this, in the order of the names. */
  notes<Note>(prefix: string): AsyncIterable<Note>;
};

export type TicketStoreOptions = {
  /** From `openTable`. */
  table: TableClient;
};

const DEFAULT_LIMIT = 100;
const MAX_NOTE_BYTES = 1024 * 1024;
/** How often a ticket may be changed between the two reads that get it. */
const ATTEMPTS = 10;

export function openTicketStore({ table }: TicketStoreOptions): TicketStore {
  return {
    async get(id) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const pointer = await readRow<Pointer>(table, PARTITION, pointerKey(id));
        if (!pointer) return undefined;
        const row = await readRow<TicketColumns>(table, PARTITION, pointer.row);
        if (row) return readTicket(row);
      }
      throw new StorageUnavailable("The ticket changes too fast to be read.");
    },

    async list({ limit = DEFAULT_LIMIT, cursor, ...filters } = {}) {
      const items: StoredTicket[] = [];
      let position: Cursor = cursor ? decodeCursor(cursor) : { since: 0, began: await readChanges(table) };
      for (;;) {
        const wanted = limit - items.length;
        const rows = await readSome(table, filters, position, wanted + 1);
        items.push(...(await Promise.all(rows.slice(0, wanted).map(readTicket))));
        const more = rows[wanted];
        if (more) return { items, next: encodeCursor({ ...position, at: more.rowKey }) };
        const began = await readChanges(table);
        if (began === position.began) return { items, next: null };
        position = { since: position.began, began };
        if (items.length === limit) return { items, next: encodeCursor(position) };
      }
    },

    lock: (options) => acquireLease(table, { partitionKey: PARTITION, rowKey: "lease" }, options),
    write: () => openWriter(table),
    state: async <State>() => (await readState<State>(table)).state,

    async *notes(prefix) {
      const range = { from: NOTE + prefix, before: after(NOTE + prefix) };
      for await (const row of readRows(table, PARTITION, range)) {
        yield JSON.parse(await decompress(fromProperties(row), MAX_NOTE_BYTES));
      }
    },
  };
}

/** So many rows from the position on, or all that are left. */
async function readSome(
  table: TableClient,
  { status, assignee, requester, modifiedSince, deleted }: TicketQuery,
  { at, since }: Cursor,
  count: number,
) {
  const conditions = [
    status !== undefined && odata`status eq ${column(status)}`,
    assignee !== undefined && odata`assignee eq ${column(assignee)}`,
    requester !== undefined && odata`requester eq ${column(requester)}`,
    deleted !== undefined && odata`deleted eq ${deleted}`,
    since > 0 && odata`change gt ${since}`,
  ].filter((condition) => condition !== false);
  const rows = [];
  for await (const page of readPages<TicketColumns>(table, PARTITION, {
    from: at ?? ALL_TICKETS.from,
    before: modifiedSince === undefined ? ALL_TICKETS.before : modifiedUntil(Date.parse(modifiedSince)),
    ...(conditions.length > 0 && { where: conditions.join(" and ") }),
    pageSize: Math.min(count, 1000),
  })) {
    rows.push(...page);
    if (rows.length >= count) break;
  }
  return rows.slice(0, count);
}
