import type { TableClient } from "@azure/data-tables";
import { Conflict } from "../core/errors.ts";
import type { Sink, Writer } from "../reconcile/sink.ts";
import { packJson } from "../storage/body.ts";
import { FORMAT } from "../storage/format.ts";
import { acquireLease } from "../storage/lease.ts";
import { putRow } from "../storage/rows.ts";
import { writeOnce } from "../storage/write-once.ts";
import {
  CHAT_LOCK,
  CHAT_NOTE,
  CHAT_PARTITION,
  CHAT_STATE,
  chatRecords,
  readChatsState,
} from "./chat-records.ts";
import type { FirstEventsOf, FoundThread } from "./chat-source.ts";

/**
 * The event log as the store of a reconciliation. A thread is new when the log lacks its start, or lacks the end of a
 * thread that has ended. The state of the reconciliation and its run records are in a partition of the events table.
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
              return { item, is: isThere ? ("same" as const) : ("new" as const) };
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
          if (etag === undefined) throw new Conflict("Another run of the reconciliation has taken over.");
          current = { state, etag };
        },
        // An event of the log is never marked as deleted, so there are no sweeps.
        async *liveItems() {},
      };
    },
  };
}
