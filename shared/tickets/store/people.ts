import type { TableClient, TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../../core/errors.ts";
import { DAY, toIso } from "../../core/time.ts";
import { namesPerson } from "../../people/people-column.ts";
import { peopleIn } from "../../people/people-in.ts";
import type { Person } from "../../people/person.ts";
import type { DataPlace } from "../../people/place.ts";
import { placeOfRows } from "../../people/place-of-rows.ts";
import { OutcomeUnknown } from "../../storage/failures.ts";
import { type Row, readRow } from "../../storage/rows.ts";
import { scan, scanRows } from "../../storage/scan.ts";
import { submit } from "../../storage/transaction.ts";
import { readState, toStateRow } from "./state-row.ts";
import {
  ALL_TICKETS,
  type ErasedFor,
  PARTITION,
  type Pointer,
  pointerKey,
  pointerKeyOf,
  readTicket,
  type TicketColumns,
  tombstoneOf,
} from "./ticket-row.ts";

export type TicketsPlaceOptions = {
  table: TableClient;
  /** Days for which a ticket that is gone from LiveChat keeps its content. */
  deletedTicketDays: number;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** Tickets that become tombstones in one transaction: two operations of a hundred each, and one for the state. */
const TOGETHER = 40;
/** How often a ticket may be changed while it is erased. */
const ATTEMPTS = 10;

/** The stored tickets. */
export function ticketsPlace({ table, deletedTicketDays, now }: TicketsPlaceOptions): DataPlace {
  type Ticket = { row: Row<TicketColumns>; person: Person };

  return placeOfRows<TicketColumns, Ticket>({
    name: "tickets",
    rows: (after) => {
      const range = { ...ALL_TICKETS, after, select: ["rowKey", "people", "erasedAt"] };
      return scanRows(table, PARTITION, range);
    },
    async find({ rowKey, people, erasedAt }, person) {
      if (erasedAt !== undefined || namesPerson(people, person) === false) return undefined;
      const row = await readRow<TicketColumns>(table, PARTITION, rowKey);
      return row && (await names(row, person)) ? { item: { row, person } } : undefined;
    },
    erase({ row, person }) {
      const isIt = (ticket: Row<TicketColumns>) => names(ticket, person);
      return erase(table, [row.rowKey], isIt, { erasedFor: "person", erasedAt: toIso(now()) });
    },
    show: async ({ row }) => [(await readTicket(row)).ticket],
    async *retain(after) {
      const before = toIso(now() - deletedTicketDays * DAY);
      const isOver = ({ deleted, deletedAt, erasedAt }: TicketColumns) =>
        deleted && erasedAt === undefined && (deletedAt ?? "") < before;
      const range = { ...ALL_TICKETS, after, select: ["rowKey", "deleted", "deletedAt", "erasedAt"] };
      for await (const rows of scan<TicketColumns>(table, PARTITION, range)) {
        const over = rows.filter(isOver).map(({ rowKey }) => rowKey);
        for (let start = 0; start < over.length; start += TOGETHER) {
          const keys = over.slice(start, start + TOGETHER);
          const erasure = { erasedFor: "retention", erasedAt: toIso(now()) } as const;
          yield {
            after: keys.at(-1) ?? "",
            removed: await erase(table, keys, async (row) => isOver(row), erasure),
          };
        }
        yield { after: rows.at(-1)?.rowKey ?? "", removed: 0 };
      }
    },
  });
}

async function names(row: Row<TicketColumns>, person: Person): Promise<boolean> {
  if (row.erasedAt !== undefined) return false;
  const { people } = row;
  return (
    namesPerson(people, person) ?? peopleIn({ ticket: (await readTicket(row)).ticket }).includes(person.email)
  );
}

/**
 * Makes tombstones of the tickets in these rows, wherever they are meanwhile, as far as they are still to be erased. In
 * one transaction with the row of the state: so a running reconciliation notices, and does not store them again.
 *
 * @returns how many became tombstones
 * @throws {StorageUnavailable}
 */
async function erase(
  table: TableClient,
  rowKeys: readonly string[],
  isIt: (row: Row<TicketColumns>) => Promise<boolean>,
  { erasedFor, erasedAt }: { erasedFor: ErasedFor; erasedAt: string },
): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = await readState(table);
    if (state.etag === undefined) return 0;
    const found = await Promise.all(rowKeys.map((key) => findTicket(table, key)));
    const actions: TransactionAction[] = [];
    for (const ticket of found) {
      if (!ticket || !(await isIt(ticket.row))) continue;
      const { pointer, row } = ticket;
      const { deletedAt, api } = row;
      const change = state.changes + 1;
      const tombstone = tombstoneOf(pointer.row, { erasedFor, erasedAt, deletedAt, change, api });
      const keys = { partitionKey: PARTITION };
      actions.push(
        [
          "update",
          { ...keys, rowKey: pointerKeyOf(pointer.row), ...tombstone.pointer },
          "Replace",
          { etag: pointer.etag },
        ],
        ["update", { ...keys, rowKey: pointer.row, ...tombstone.ticket }, "Replace", { etag: row.etag }],
      );
    }
    if (actions.length === 0) return 0;
    const next = toStateRow({ ...state, changes: state.changes + 1, erasures: state.erasures + 1 });
    const fence: TransactionAction = ["update", next, "Replace", { etag: state.etag }];
    if (await tryOnce(table, [fence, ...actions])) return actions.length / 2;
  }
  throw new StorageUnavailable("The stored tickets change too fast to be erased.", { retryAfter: 1 });
}

/**
 * Prevents that the next reconciliation stores the content of an erased ticket that is not stored yet. One that is
 * stored is left to the erasure of stored tickets.
 *
 * @param erasedAt ISO time
 * @throws {StorageUnavailable}
 */
export async function keepOut(table: TableClient, ticketId: string, erasedAt: string): Promise<void> {
  const rowKey = pointerKey(ticketId);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = await readState(table);
    if (await readRow<Pointer>(table, PARTITION, rowKey, { select: ["row"] })) return;
    // Counts as gone from LiveChat, so it is not live until the reconciliation finds it.
    const pointer: Pointer = { row: "", content: "", erasedFor: "person", erasedAt, deletedAt: erasedAt };
    const next = toStateRow({ ...state, erasures: state.erasures + 1 });
    const fence: TransactionAction = state.etag
      ? ["update", next, "Replace", { etag: state.etag }]
      : ["create", next];
    if (await tryOnce(table, [fence, ["create", { partitionKey: PARTITION, rowKey, ...pointer }]])) return;
  }
  throw new StorageUnavailable("The stored tickets change too fast.", { retryAfter: 1 });
}

/** Whether a transaction is done; when that is not known, the next attempt finds out. */
async function tryOnce(table: TableClient, actions: TransactionAction[]): Promise<boolean> {
  try {
    return (await submit(table, actions)).committed;
  } catch (error) {
    if (error instanceof OutcomeUnknown) return false;
    throw error;
  }
}

/** A ticket by the key of a row that it is in, or was. */
async function findTicket(
  table: TableClient,
  rowKey: string,
): Promise<{ pointer: Row<Pointer>; row: Row<TicketColumns> } | undefined> {
  const pointer = await readRow<Pointer>(table, PARTITION, pointerKeyOf(rowKey));
  const row = pointer && (await readRow<TicketColumns>(table, PARTITION, pointer.row));
  return row && { pointer, row };
}
