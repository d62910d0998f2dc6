import type { TableClient } from "@azure/data-tables";
import type { Sink } from "../reconcile/sink.ts";
import type { ReconcileState } from "../reconcile/state.ts";
import { unpack } from "../storage/body.ts";
import { checkFormat, type Formatted } from "../storage/format.ts";
import { after } from "../storage/keys.ts";
import { readRow, readRows } from "../storage/rows.ts";

export const CHAT_PARTITION = "chats";
export const CHAT_LOCK = "lock";
export const CHAT_STATE = "state";
export const CHAT_NOTE = "note:";
const CHATS_NAME = "reconciliation of chats";

/** The state and the run records of the reconciliation of chats, in a partition of the events table. */
export function chatRecords(table: TableClient): Pick<Sink<unknown>, "state" | "notes"> {
  return {
    state: async () => (await readChatsState(table)).state,
    async *notes<Note>(prefix: string) {
      const range = { from: CHAT_NOTE + prefix, before: after(CHAT_NOTE + prefix) };
      for await (const row of readRows<{ json: string } & Formatted>(table, CHAT_PARTITION, range)) {
        yield JSON.parse(checkFormat(row, CHATS_NAME).json) as Note;
      }
    },
  };
}

export async function readChatsState(table: TableClient): Promise<{ state?: ReconcileState; etag?: string }> {
  const row = await readRow<Formatted>(table, CHAT_PARTITION, CHAT_STATE);
  if (!row) return {};
  return { state: JSON.parse(await unpack(checkFormat(row, CHATS_NAME))), etag: row.etag };
}
