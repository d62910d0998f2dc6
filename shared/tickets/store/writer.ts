import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import type { LiveChatApi } from "../../core/settings.ts";
import type { Compared, Writer } from "../../reconcile/sink.ts";
import type { ReconcileState } from "../../reconcile/state.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { compress, packJson } from "../../storage/body.ts";
import { OutcomeUnknown } from "../../storage/failures.ts";
import { FORMAT } from "../../storage/format.ts";
import { LeaseLost } from "../../storage/lease.ts";
import { MAX_OPERATIONS, MAX_TRANSACTION_BYTES, wireBytes } from "../../storage/limits.ts";
import { readRow } from "../../storage/rows.ts";
import { scan } from "../../storage/scan.ts";
import { submit } from "../../storage/transaction.ts";
import { noteKey, readState, type Snapshot, writeState } from "./state-row.ts";
import {
  ALL_TICKETS,
  contentOf,
  markDeleted,
  type Pointer,
  pointerKey,
  readTicketKey,
  TICKETS_PARTITION,
  type TicketColumns,
  ticketKey,
  writeTicket,
} from "./ticket-row.ts";

/** A ticket of LiveChat, compared with the stored one. */
type ComparedTicket = Compared<Ticket> & { stored?: Pointer };

/** A change of one ticket or one note. The operations of a change are in the same transaction. */
type Change =
  | { kind: "put"; ticket: ComparedTicket }
  | { kind: "remove"; row: string; deletedAt: string }
  | { kind: "note"; row: string; note: unknown };

const COMMIT_ATTEMPTS = 3;
/** Bytes that a transaction needs besides its operations. */
const ENVELOPE_BYTES = 4096;
/** The state rows also take operations and bytes. */
const OPERATIONS_LEFT = MAX_OPERATIONS - 2;

export async function openWriter(table: TableClient, api: LiveChatApi = "v2"): Promise<Writer<Ticket>> {
  let current = await readState(table, api);

  /**
   * An erased ticket counts as the same while its time of modification is unchanged. Its content is not compared and
   * not stored again.
   */
  async function compare(item: Ticket): Promise<ComparedTicket> {
    const stored = await readRow<Pointer>(table, TICKETS_PARTITION, pointerKey(item.id));
    if (!stored) return { item, result: "new" };
    if (stored.deletedAt !== undefined) return { item, result: "deleted", stored };
    const isSame =
      stored.erasedFor === undefined ? stored.content === contentOf(item) : stored.row === ticketKey(item);
    return { item, result: isSame ? "same" : "changed", stored };
  }

  /** The change after an erasure: the ticket may be a tombstone now. */
  async function compareAgain(change: Change): Promise<Change> {
    return change.kind === "put" ? { kind: "put", ticket: await compare(change.ticket.item) } : change;
  }

  /** @param number of the change to the store */
  async function operationsOf(change: Change, number: number): Promise<TransactionAction[]> {
    if (change.kind === "put") {
      return writeTicket(change.ticket.item, change.ticket.stored, { change: number, api });
    }
    if (change.kind === "remove") return markDeleted(change.row, change.deletedAt, number);
    const key = { partitionKey: TICKETS_PARTITION, rowKey: change.row };
    return [["upsert", { ...key, format: FORMAT, ...(await packJson(change.note)) }, "Replace"]];
  }

  /**
   * Commits in as few transactions as possible. The last one stores the new state.
   *
   * @returns how many changes are committed, when an erasure came in between
   * @throws LeaseLost when another writer has committed
   */
  async function commitTogether(
    open: readonly Change[],
    state: ReconcileState,
    text: Uint8Array,
  ): Promise<number | "all"> {
    // Every transaction raises the change number, and its rows have at least that number. So a reader between two
    // transactions knows that more changes follow.
    const changes = current.changes + open.filter(({ kind }) => kind !== "note").length;
    const units = await Promise.all(
      open.map(async (change) => ({ live: liveOf(change), actions: await operationsOf(change, changes) })),
    );
    const room = MAX_TRANSACTION_BYTES - bytesOf(writeState({ ...current, text })) - ENVELOPE_BYTES;
    const parts = split(units, room);
    let done = 0;
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const next: Snapshot = {
        ...current,
        ...(isLast && { state, text }),
        live: part.reduce((live, unit) => live + unit.live, current.live),
        changes: isLast ? changes : current.changes + 1,
        commit: randomUUID(),
      };
      const actions = part.flatMap((unit) => unit.actions);
      const etag = await commitPart(table, { before: current, next }, actions);
      if (etag === undefined) return done;
      current = { ...next, etag };
      done += part.length;
    }
    return "all";
  }

  return {
    get state() {
      return current.state;
    },
    get live() {
      return current.live;
    },

    compare: (tickets) => Promise.all(tickets.map(compare)),

    async commit({ state, put = [], remove, notes = {} }) {
      const text = await compress(JSON.stringify(state));
      const removed = remove?.items.map(({ row }): Change => ({ kind: "remove", row, deletedAt: remove.at }));
      let open: Change[] = [
        ...put.map((ticket): Change => ({ kind: "put", ticket })),
        ...(removed ?? []),
        ...Object.entries(notes).map(
          ([name, note]): Change => ({ kind: "note", row: noteKey(api, name), note }),
        ),
      ];
      for (;;) {
        open = open.filter((change) => change.kind !== "put" || change.ticket.result !== "same");
        const done = await commitTogether(open, state, text);
        if (done === "all") return;
        // An erasure came in between. A ticket that it made a tombstone must not be stored with its content.
        current = await readState(table, api);
        open = await Promise.all(open.slice(done).map(compareAgain));
      }
    },

    async *liveItems() {
      const range = { ...ALL_TICKETS, select: ["rowKey", "deleted", "api"] };
      for await (const rows of scan<TicketColumns>(table, TICKETS_PARTITION, range)) {
        for (const { rowKey, deleted, api: its = "v2" } of rows) {
          if (!deleted && its === api) yield { row: rowKey, ...readTicketKey(rowKey) };
        }
      }
    },
  };
}

/** By how much a change raises the number of live tickets. */
function liveOf(change: Change): number {
  if (change.kind === "put") return change.ticket.result === "changed" ? 0 : 1;
  return change.kind === "remove" ? -1 : 0;
}

function bytesOf(actions: readonly TransactionAction[]): number {
  return actions.reduce((sum, action) => sum + wireBytes(action), 0);
}

/** Groups units into as few transactions as possible, at least one. The operations of a unit stay together. */
function split<Unit extends { actions: TransactionAction[] }>(
  units: readonly Unit[],
  maxBytes: number,
): Unit[][] {
  const parts: Unit[][] = [[]];
  let operations = 0;
  let bytes = 0;
  for (const unit of units) {
    const size = bytesOf(unit.actions);
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

/**
 * Commits one transaction with the state row. When storage refuses it or the answer is lost, the state row shows what
 * happened:
 *
 * | state row | what happened | what follows |
 * | --- | --- | --- |
 * | has our commit | the transaction was committed | its ETag is returned |
 * | has a new erasure | nothing was done | `undefined` is returned |
 * | has changed otherwise | another run has committed | `LeaseLost` |
 * | is unchanged | nothing was done | a transaction without an answer is tried again, a refused one is an error |
 *
 * @returns the state row's new ETag, for the condition of the next commit; `undefined` when an erasure came first, so
 *   nothing was done
 * @throws {LeaseLost} when another run has committed
 */
async function commitPart(
  table: TableClient,
  { before, next }: { before: Snapshot; next: Snapshot },
  actions: readonly TransactionAction[],
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await submit(table, [...writeState(next), ...actions]).catch((error: unknown) => {
      if (error instanceof OutcomeUnknown) return error;
      throw error;
    });
    const isUnknown = outcome instanceof OutcomeUnknown;
    if (!isUnknown && outcome.committed && outcome.etags[0]) return outcome.etags[0];
    const found = await readState(table, next.api);
    if (found.commit === next.commit && found.etag) return found.etag;
    if (found.commit === before.commit && found.erasures > before.erasures) return undefined;
    if (found.etag !== before.etag) throw new LeaseLost("Another run has taken over.");
    if (!isUnknown) throw new Error("The stored tickets contradict each other");
    if (attempt === COMMIT_ATTEMPTS) throw outcome;
  }
}
