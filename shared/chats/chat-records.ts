import type { TableClient } from "@azure/data-tables";
import type { Sink } from "../reconcile/sink.ts";
import { decompress, fromProperties } from "../storage/body.ts";
import { checkFormat, type Formatted } from "../storage/format.ts";
import { after } from "../storage/keys.ts";
import { readRow, readRows } from "../storage/rows.ts";

export const CHATS_PARTITION = "chats";
export const LOCK = "lock";
export const STATE = "state";
export const NOTE = "note:";
const NAME = "reconciliation of chats";
/** A state of thousands of active chats is smaller. In bytes. */
const LARGEST_STATE = 4 * 1024 * 1024;

/** What the reconciliation of chats keeps of its runs, in a partition of the events' table. */
export function chatRecords(table: TableClient): Pick<Sink<unknown>, "state" | "notes"> {
  return {
    async state<State>() {
      return (await readState<State>(table)).state;
    },
    async *notes<Note>(prefix: string) {
      const range = { from: NOTE + prefix, before: after(NOTE + prefix) };
      for await (const row of readRows<{ json: string } & Formatted>(table, CHATS_PARTITION, range)) {
        yield JSON.parse(checkFormat(row, NAME).json) as Note;
      }
    },
  };
}

export async function readState<State>(table: TableClient): Promise<{ state?: State; etag?: string }> {
  const row = await readRow<Formatted>(table, CHATS_PARTITION, STATE);
  if (!row) return {};
  const body = fromProperties(checkFormat(row, NAME));
  return { state: JSON.parse(await decompress(body, LARGEST_STATE)), etag: row.etag };
}
