import { odata } from "@azure/data-tables";
import { MAX_OPERATIONS } from "../storage/limits.ts";
import { type Row, readPages, readRows, removeRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { type BodyRow, bodyKeys } from "./bodies.ts";
import type { EventRow } from "./event-row.ts";
import { blockAt } from "./head.ts";
import { BLOCKS, BODIES, blockKey, EVENTS, identityKey, QUARANTINED, seqOf } from "./keys.ts";
import { type QuarantineRow, removeQuarantined } from "./quarantine.ts";
import type { Store } from "./store.ts";

/** Whether there is time for another step. */
export type Going = () => boolean;
export type Removed = { removed: number; done: boolean };

/** How many events are looked at together; with their identities they fit into one transaction. */
const STEP = MAX_OPERATIONS / 2;

/**
 * Removes the events that were received before `instant`, oldest first. What belongs to an event goes with it in one
 * transaction, so there is no moment at which a killed process leaves half of it, and the next call simply begins anew.
 */
export async function removeEvents(store: Store, instant: string, going: Going): Promise<Removed> {
  let removed = 0;
  const select = ["rowKey", "id", "receivedAt", "bodyRows", "bodyFingerprint"];
  while (going()) {
    const old: Row<EventRow>[] = [];
    let more = false;
    // A step's worth from the beginning of the log each time: what was there before is gone.
    for await (const page of readPages<EventRow>(store.table, store.partitionKey, {
      ...EVENTS,
      select,
      pageSize: STEP,
    })) {
      old.push(...page.filter(({ receivedAt }) => receivedAt < instant));
      more = old.length === page.length;
      if (page.length > 0) break;
    }
    if (old.length === 0) return { removed, done: true };
    const gone = await removeTogether(store, old);
    // Somebody else is at it, and takes the same steps.
    if (gone === 0) return { removed, done: false };
    removed += gone;
    await removeBlocks(store, seqOf(old.at(-1)?.rowKey ?? ""));
    if (!more) return { removed, done: true };
  }
  return { removed, done: false };
}

/** Removes events, each whole, in as few transactions as hold them. */
async function removeTogether(store: Store, rows: Row<EventRow>[]): Promise<number> {
  const { table, partitionKey } = store;
  const groups: { keys: string[]; events: number }[] = [];
  for (const row of rows) {
    const keys = [row.rowKey ?? "", identityKey(row.id), ...bodyKeys(row.id, row)];
    const last = groups.at(-1);
    if (last && last.keys.length + keys.length <= MAX_OPERATIONS) {
      last.keys.push(...keys);
      last.events++;
    } else groups.push({ keys, events: 1 });
  }
  let removed = 0;
  for (const { keys, events } of groups) {
    const outcome = await submit(
      table,
      keys.map((rowKey) => ["delete", { partitionKey, rowKey }]),
    );
    // Else somebody removes or erases at the same time, and the next step sees what is left.
    if (outcome.committed) removed += events;
  }
  return removed;
}

/** Removes the marks of blocks that lie wholly at or before a place that is gone. */
async function removeBlocks({ table, partitionKey }: Store, seq: number): Promise<void> {
  const range = { from: BLOCKS.from, before: blockKey(blockAt(seq + 1)), select: ["rowKey"] };
  for await (const { rowKey = "" } of readRows(table, partitionKey, range)) {
    await removeRow(table, partitionKey, rowKey);
  }
}

/** Removes the bodies in the quarantine that came before `instant`. */
export async function removeOldQuarantined(store: Store, instant: string, going: Going): Promise<Removed> {
  const where = odata`receivedAt lt ${instant}`;
  const select = ["rowKey", "bodyRows", "bodyFingerprint"];
  let removed = 0;
  for await (const row of readRows<QuarantineRow>(store.table, store.partitionKey, {
    ...QUARANTINED,
    where,
    select,
  })) {
    if (!going()) return { removed, done: false };
    if (await removeQuarantined(store, row)) removed++;
  }
  return { removed, done: true };
}

/** Milliseconds after which a body that no event has claimed is left over: an append takes seconds. */
const LEFT_OVER_AFTER = 60 * 60 * 1000;

/**
 * Removes the bodies that were written for events which never came into the log. A late event that claims its body
 * changes the ETag, so only one of the two can happen; when it is this, the event is refused and its body sent again.
 */
export async function removeLeftBodies(store: Store, now: number, going: Going): Promise<Removed> {
  const { table, partitionKey } = store;
  const where = odata`committed eq false and Timestamp lt ${new Date(now - LEFT_OVER_AFTER)}`;
  let removed = 0;
  for await (const row of readRows<BodyRow>(table, partitionKey, {
    ...BODIES,
    where,
    select: ["rowKey", "committed"],
  })) {
    if (!going()) return { removed, done: false };
    if (await removeRow(table, partitionKey, row.rowKey ?? "", { etag: row.etag })) removed++;
  }
  return { removed, done: true };
}
