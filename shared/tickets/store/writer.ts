import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { Conflict } from "../../core/errors.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { compress, toProperties } from "../../storage/body.ts";
import { OutcomeUnknown } from "../../storage/failures.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, wireBytes } from "../../storage/limits.ts";
import { readRow, readRows } from "../../storage/rows.ts";
import { submit } from "../../storage/transaction.ts";
import { NOTE, readState, type Snapshot, STATE } from "./state-row.ts";
import {
  ALL_TICKETS,
  contentOf,
  markDeleted,
  PARTITION,
  type Pointer,
  pointerKey,
  readTicketKey,
  type TicketColumns,
  writeTicket,
} from "./ticket-row.ts";

/** A ticket as upstream has it, beside what is stored of it. */
export type Compared = { ticket: Ticket; is: "new" | "changed" | "deleted" | "same"; stored?: Pointer };

/** A ticket that is stored and not marked as deleted. */
export type LiveTicket = {
  row: string;
  /** `hashed` of its id. */
  hash: string;
  /** Milliseconds since the epoch. */
  modified: number;
};

export type Commit<State> = {
  /** The writer's state from here on. */
  state: State;
  /** Tickets to be stored as they are given. */
  put?: readonly Compared[];
  /** Tickets to be marked as deleted at this ISO time. */
  remove?: { tickets: readonly LiveTicket[]; at: string };
  /** Further values to be kept under a name, each in the place of what was kept under it. */
  notes?: Readonly<Record<string, unknown>>;
};

/**
 * The one who changes the stored tickets, with a state of its own that is kept beside them and changes in the same
 * transactions: what the state says was done is done, at whatever moment the process ends.
 */
export type TicketWriter<State> = {
  /** As it was last committed, by this writer or before it. */
  readonly state: State | undefined;
  /** How many tickets are stored and not marked as deleted. */
  readonly live: number;
  /** Compares with what is stored by the last commit. A ticket that is marked as deleted is never the same. */
  compare(tickets: readonly Ticket[]): Promise<Compared[]>;
  /**
   * Does all of it, in one transaction when it fits: else in several, of which the last brings the new state.
   *
   * @throws Conflict when another writer has committed since this one was opened: nothing of this part was done.
   */
  commit(commit: Commit<State>): Promise<void>;
  /** All tickets that are stored and not marked as deleted, last modified first. */
  liveTickets(): AsyncIterable<LiveTicket>;
};

const ATTEMPTS = 3;
/** The row of the state takes an operation, and room. */
const OPERATIONS_LEFT = MAX_OPERATIONS - 1;

export async function openWriter<State>(table: TableClient): Promise<TicketWriter<State>> {
  let now: Snapshot<State> = await readState<State>(table);

  return {
    get state() {
      return now.state;
    },
    get live() {
      return now.live;
    },

    compare(tickets) {
      return Promise.all(
        tickets.map(async (ticket): Promise<Compared> => {
          const stored = await readRow<Pointer>(table, PARTITION, pointerKey(ticket.id));
          if (!stored) return { ticket, is: "new" };
          if (stored.deletedAt !== undefined) return { ticket, is: "deleted", stored };
          return { ticket, is: stored.content === contentOf(ticket) ? "same" : "changed", stored };
        }),
      );
    },

    async commit({ state, put = [], remove, notes = {} }) {
      const written = put.filter(({ is }) => is !== "same");
      const gone = remove?.tickets ?? [];
      // Every transaction of the commit counts the changes up, and none of its rows has a lower number than it: so who
      // reads in between knows that there is more to come.
      const changes = now.changes + written.length + gone.length;
      const units: Unit[] = [
        ...(await Promise.all(
          written.map(async ({ ticket, is, stored }) => ({
            live: is === "changed" ? 0 : 1,
            actions: await writeTicket(ticket, stored, changes),
          })),
        )),
        ...gone.map(({ row }) => ({ live: -1, actions: markDeleted(row, remove?.at ?? "", changes) })),
        ...(await Promise.all(Object.entries(notes).map(([name, note]) => keepNote(name, note)))),
      ];
      const [text, textBefore] = [await compress(JSON.stringify(state)), now.text];
      const parts = split(units, MAX_TRANSACTION_BYTES - wireBytes(["create", stateRow(now, text)]) - 4096);
      for (const [index, part] of parts.entries()) {
        const isLast = index === parts.length - 1;
        const next: Snapshot<State> = {
          ...now,
          ...(isLast ? { state, text } : { text: textBefore }),
          live: part.reduce((live, unit) => live + unit.live, now.live),
          changes: isLast ? changes : now.changes + 1,
          commit: randomUUID(),
        };
        now = {
          ...next,
          etag: await commitPart(
            table,
            next,
            part.flatMap(({ actions }) => actions),
          ),
        };
      }
    },

    async *liveTickets() {
      const select = ["RowKey", "deleted"];
      for await (const { rowKey = "", deleted } of readRows<TicketColumns>(table, PARTITION, {
        ...ALL_TICKETS,
        select,
      })) {
        if (!deleted) yield { row: rowKey, ...readTicketKey(rowKey) };
      }
    },
  };
}

/** What must not be torn apart: the operations that store a ticket, and what they change in the number of live ones. */
type Unit = { live: number; actions: TransactionAction[] };

async function keepNote(name: string, note: unknown): Promise<Unit> {
  const body = toProperties(await compress(JSON.stringify(note)));
  return {
    live: 0,
    actions: [["upsert", { partitionKey: PARTITION, rowKey: NOTE + name, ...body }, "Replace"]],
  };
}

/** Units in as few transactions as hold them, at least one. */
function split(units: readonly Unit[], maxBytes: number): Unit[][] {
  const parts: Unit[][] = [[]];
  let operations = 0;
  let bytes = 0;
  for (const unit of units) {
    const size = unit.actions.reduce((sum, action) => sum + wireBytes(action), 0);
    if (operations + unit.actions.length > OPERATIONS_LEFT || bytes + size > maxBytes) {
      parts.push([]);
      operations = 0;
      bytes = 0;
    }
    parts.at(-1)?.push(unit);
    operations += unit.actions.length;
    bytes += size;
  }
  return parts;
}

function stateRow<State>({ live, changes, commit }: Snapshot<State>, text: Uint8Array) {
  return { partitionKey: PARTITION, rowKey: STATE, live, changes, commit, ...toProperties(text) };
}

/** @returns the state row's ETag, by which the next commit knows that nobody has committed in between */
async function commitPart<State>(
  table: TableClient,
  next: Snapshot<State>,
  actions: readonly TransactionAction[],
): Promise<string> {
  const row = stateRow(next, next.text);
  // First, so that it is what a transaction fails by when somebody else has committed.
  const fence: TransactionAction = next.etag
    ? ["update", row, "Replace", { etag: next.etag }]
    : ["create", row];
  for (let attempt = 1; ; attempt++) {
    let unknown: OutcomeUnknown | undefined;
    try {
      const outcome = await submit(table, [fence, ...actions]);
      const [etag] = outcome.committed ? outcome.etags : [];
      if (etag) return etag;
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error;
      unknown = error;
    }
    // A lost answer, or the conflict with our own commit that a lost answer makes of the next attempt.
    const found = await readState<State>(table);
    if (found.commit === next.commit && found.etag) return found.etag;
    if (found.etag !== next.etag) throw new Conflict("Another run has taken over.");
    if (!unknown || attempt === ATTEMPTS)
      throw unknown ?? new Error("The stored tickets contradict each other");
  }
}
