import type { TableClient, TransactionAction } from "@azure/data-tables";
import { StorageUnavailable } from "../../core/errors.ts";
import { DAY, toIso } from "../../core/time.ts";
import { groupsOf } from "../../core/values.ts";
import { namesPerson } from "../../people/people-column.ts";
import { peopleIn } from "../../people/people-in.ts";
import type { Person } from "../../people/person.ts";
import type { DataPlace } from "../../people/place.ts";
import { placeOfRows } from "../../people/place-of-rows.ts";
import { type Row, readRow } from "../../storage/rows.ts";
import { scan, scanRows } from "../../storage/scan.ts";
import { trySubmit } from "../../storage/transaction.ts";
import { readState, writeState } from "./state-row.ts";
import {
  ALL_TICKETS,
  type ErasedFor,
  type Pointer,
  pointerKey,
  pointerKeyOf,
  readTicket,
  TICKETS_PARTITION,
  type TicketColumns,
  writeTombstone,
} from "./ticket-row.ts";

type TicketsPlaceOptions = {
  table: TableClient;
  /** Days to keep the content of a ticket that LiveChat no longer has. */
  deletedTicketDays: number;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/**
 * How many tickets become tombstones in one transaction: each takes two of its hundred operations, and the state
 * takes one or two.
 */
const TICKETS_PER_TRANSACTION = 40;
/** How many attempts an erasure makes when other commits come first. */
const ERASE_ATTEMPTS = 10;

/** The stored tickets. */
export function ticketsPlace({ table, deletedTicketDays, now }: TicketsPlaceOptions): DataPlace {
  type FoundTicket = { row: Row<TicketColumns>; person: Person };

  return placeOfRows<TicketColumns, FoundTicket>({
    name: "tickets",
    rows: (after) => {
      const range = { ...ALL_TICKETS, after, select: ["rowKey", "people", "erasedAt"] };
      return scanRows(table, TICKETS_PARTITION, range);
    },
    async find({ rowKey, people, erasedAt }, person) {
      if (erasedAt !== undefined || namesPerson(people, person) === false) return undefined;
      const row = await readRow<TicketColumns>(table, TICKETS_PARTITION, rowKey);
      return row && (await isAbout(row, person)) ? { item: { row, person } } : undefined;
    },
    erase({ row, person }) {
      const isIt = (ticket: Row<TicketColumns>) => isAbout(ticket, person);
      return erase(table, [row.rowKey], isIt, { erasedFor: "person", erasedAt: toIso(now()) });
    },
    show: async ({ row }) => [(await readTicket(row)).ticket],
    async *retain(after) {
      const before = toIso(now() - deletedTicketDays * DAY);
      const isOver = ({ deleted, deletedAt, erasedAt }: TicketColumns) =>
        deleted && erasedAt === undefined && (deletedAt ?? "") < before;
      const range = { ...ALL_TICKETS, after, select: ["rowKey", "deleted", "deletedAt", "erasedAt"] };
      for await (const rows of scan<TicketColumns>(table, TICKETS_PARTITION, range)) {
        const over = rows.filter(isOver).map(({ rowKey }) => rowKey);
        for (const keys of groupsOf(over, TICKETS_PER_TRANSACTION)) {
          const erasure = { erasedFor: "retention", erasedAt: toIso(now()) } as const;
          const removed = await erase(table, keys, async (row) => isOver(row), erasure);
          yield { after: keys.at(-1) ?? "", removed };
        }
        yield { after: rows.at(-1)?.rowKey ?? "", removed: 0 };
      }
    },
  });
}

async function isAbout(row: Row<TicketColumns>, person: Person): Promise<boolean> {
  if (row.erasedAt !== undefined) return false;
  const { people } = row;
  return (
    namesPerson(people, person) ?? peopleIn({ ticket: (await readTicket(row)).ticket }).includes(person.email)
  );
}

/**
 * Erases the tickets of these rows: they become tombstones. Each ticket is looked up again first, because it may have
 * moved to another row, or may no longer match `isIt`.
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
  const actions = await commitErasure(table, async (change) => {
    const found = await Promise.all(rowKeys.map((key) => findTicket(table, key)));
    const tombstones: TransactionAction[] = [];
    for (const ticket of found) {
      if (!ticket || !(await isIt(ticket))) continue;
      const { rowKey, deletedAt, api } = ticket;
      tombstones.push(...writeTombstone(rowKey, { erasedFor, erasedAt, deletedAt, change, api }));
    }
    return tombstones;
  });
  return actions / 2;
}

/**
 * Prevents the next reconciliation from storing the content of an erased ticket that is not stored yet. The erasure
 * of stored tickets covers the others.
 *
 * @param erasedAt ISO time
 * @throws {StorageUnavailable}
 */
export async function keepOut(table: TableClient, ticketId: string, erasedAt: string): Promise<void> {
  const rowKey = pointerKey(ticketId);
  await commitErasure(table, async () => {
    if (await readRow<Pointer>(table, TICKETS_PARTITION, rowKey, { select: ["row"] })) return [];
    // The tombstone is marked as deleted, so it does not count as live before the reconciliation finds the ticket.
    const pointer: Pointer = { row: "", content: "", erasedFor: "person", erasedAt, deletedAt: erasedAt };
    return [["create", { partitionKey: TICKETS_PARTITION, rowKey, ...pointer }]];
  });
}

/**
 * Commits the operations of `plan` in one transaction with the state row. Every change of a ticket also writes the
 * state row. So the transaction fails when a ticket changed after `plan` read it, and a running reconciliation
 * notices the erasure.
 *
 * @param plan gets the number of the change; it is called again when another commit came first
 * @returns the number of operations
 */
async function commitErasure(
  table: TableClient,
  plan: (change: number) => Promise<TransactionAction[]>,
): Promise<number> {
  for (let attempt = 0; attempt < ERASE_ATTEMPTS; attempt++) {
    const state = await readState(table);
    const changes = state.changes + 1;
    const actions = await plan(changes);
    if (actions.length === 0) return 0;
    const next = writeState({ ...state, changes, erasures: state.erasures + 1 });
    if (await trySubmit(table, [...next, ...actions])) return actions.length;
  }
  throw new StorageUnavailable("The stored tickets change too fast to be erased.", { retryAfter: 1 });
}

/** A ticket, found by the key of a row that contains it or contained it. */
async function findTicket(table: TableClient, rowKey: string): Promise<Row<TicketColumns> | undefined> {
  const pointer = await readRow<Pointer>(table, TICKETS_PARTITION, pointerKeyOf(rowKey));
  return pointer && readRow<TicketColumns>(table, TICKETS_PARTITION, pointer.row);
}
