import type { EventType } from "../schemas/webhook.ts";
import { readRows } from "../storage/rows.ts";
import { findTime } from "./find-time.ts";
import { type BlockRow, blockAt, marked, readHead } from "./head.ts";
import { blockKey, blockOf } from "./keys.ts";
import type { Store } from "./store.ts";

/**
 * How many events of a type were received from `from` on and before `to` (ISO 8601). None of them is read: two moments
 * are sought, and a row per 1,024 events in between is.
 */
export async function countEvents(
  store: Store,
  { type, from, to }: { type: EventType; from: string; to: string },
): Promise<number> {
  const head = await readHead(store);
  const [first, end] = await Promise.all([findTime(store, from, head), findTime(store, to, head)]);
  if (first >= end) return 0;
  const current = blockAt(head.seq);
  let count = 0;
  const add = (marks: Uint8Array | undefined, block: number) => {
    for (const seq of marked(marks, block)) if (seq >= first && seq < end) count++;
  };
  const full = readRows<BlockRow>(store.table, store.partitionKey, {
    from: blockKey(blockAt(first)),
    before: blockKey(Math.min(current, blockAt(end) + 1)),
    select: ["rowKey", `marks_${type}`],
  });
  for await (const row of full) add(row[`marks_${type}`], blockOf(row.rowKey ?? ""));
  if (blockAt(end) >= current) add(head.marks[type], current);
  return count;
}
