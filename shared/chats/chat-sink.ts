import type { TableClient } from "@azure/data-tables";
import type { Sink, Writer } from "../reconcile/sink.ts";
import type { ReconcileState } from "../reconcile/state.ts";
import { packJson, unpack } from "../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { withPrefix } from "../storage/keys.ts";
import { acquireLease, LeaseLost } from "../storage/lease.ts";
import { putRow, readRow, readRows } from "../storage/rows.ts";
import { writeOnce } from "../storage/write-once.ts";
import type { FirstEventsOf, FoundThread } from "./chat-source.ts";

export const CHAT_PARTITION = "chats";
export const CHAT_LOCK = "lock";
const CHAT_STATE = "state";
const CHAT_NOTE = "note:";
const CHATS_NAME = "reconciliation of chats";

/** The state and the run records of the reconciliation of chats, in a partition of the events table. */
export function chatRecords(table: TableClient): Pick<Sink<unknown>, "state" | "notes"> {
  return {
    state: async () => (await readChatsState(table)).state,
    async *notes<Note>(prefix: string) {
      const range = withPrefix(CHAT_NOTE + prefix);
      for await (const row of readRows<{ json: string } & Formatted>(table, CHAT_PARTITION, range)) {
        yield JSON.parse(checkFormat(row, CHATS_NAME).json) as Note;
      }
    },
  };
}

/**
 * The event log as the store of a reconciliation. A thread counts as new when the log lacks its start, or when it has
 * ended and the log lacks its end. The state of the reconciliation and its run records are in a partition of the events
 * table.
 */
export function chatSink(table: TableClient, firstEventsOf: FirstEventsOf): Sink<FoundThread> {
  return {
    ...chatRecords(table),
    lock: (options) => acquireLease(table, { partitionKey: CHAT_PARTITION, rowKey: CHAT_LOCK }, options),
    async write(): Promise<Writer<FoundThread>> {
      let current = await readChatsState(table);
      return {
        get state() {
          return current.state;
        },
        live: 0,
        async compare(items) {
          return Promise.all(
            items.map(async (item) => {
              const known = await firstEventsOf(item.threadId);
              const isThere = known.has("chat_started") && (!item.isOver || known.has("chat_ended"));
              return { item, result: isThere ? ("same" as const) : ("new" as const) };
            }),
          );
        },
        async commit({ state, notes = {} }) {
          for (const [name, value] of Object.entries(notes)) {
            const key = { partitionKey: CHAT_PARTITION, rowKey: CHAT_NOTE + name };
            await putRow(table, { ...key, format: FORMAT, json: JSON.stringify(value) });
          }
          const key = { partitionKey: CHAT_PARTITION, rowKey: CHAT_STATE };
          const row = { ...key, format: FORMAT, ...(await packJson(state)) };
          const etag = await writeOnce(table, row, { etag: current.etag });
          if (etag === undefined) throw new LeaseLost("Another run of the reconciliation has taken over.");
          current = { state, etag };
        },
        // An event of the log is never marked as deleted, so there are no sweeps.
        async *liveItems() {},
      };
    },
  };
}

async function readChatsState(table: TableClient): Promise<{ state?: ReconcileState; etag?: string }> {
  const row = await readRow<Formatted>(table, CHAT_PARTITION, CHAT_STATE);
  if (!row) return {};
  return { state: JSON.parse(await unpack(checkFormat(row, CHATS_NAME))), etag: row.etag };
}
