import { HOUR, toIso } from "../core/time.ts";
import type { Removed } from "../people/place.ts";
import { removeWhere } from "../people/place-of-rows.ts";
import { MAX_OPERATIONS } from "../storage/limits.ts";
import { readRows, removeRow } from "../storage/rows.ts";
import { scan, scanRows } from "../storage/scan.ts";
import { type ActionWithParts, type BodyRow, bodyKeys, deletion, submitWithParts } from "./bodies.ts";
import type { EventRow } from "./event-row.ts";
import type { HourColumns } from "./hours.ts";
import { BODIES, EVENTS, HOURS, identityKey, seqOf } from "./keys.ts";
import type { Store } from "./store.ts";

/** Events that are removed together. With their identities they fit into one transaction. */
const EVENTS_PER_STEP = MAX_OPERATIONS / 2;

/**
 * Removes the events that were received before `instant`, oldest first. One transaction removes an event with all of
 * its rows. So a process that dies leaves only whole events, and the next call continues.
 *
 * @param through the last place that may be removed, because subscribers have not received later events yet
 */
export async function* removeEvents(
  store: Store,
  instant: string,
  through = Number.POSITIVE_INFINITY,
): AsyncGenerator<Removed> {
  const select = ["rowKey", "id", "receivedAt", "bodyRows", "bodyFingerprint"];
  const range = { ...EVENTS, select, window: EVENTS_PER_STEP };
  for await (const rows of scan<EventRow>(store.table, store.partitionKey, range)) {
    const old = rows.filter(({ receivedAt, rowKey }) => receivedAt < instant && seqOf(rowKey) <= through);
    if (old.length === 0) return;
    const deletions = old.map((row) => ({
      action: deletion(store.partitionKey, row.rowKey),
      parts: [identityKey(row.id), ...bodyKeys(row.id, row)],
    }));
    const removed = await removeTogether(store, deletions);
    if (removed > 0) await removeHours(store, seqOf(old.at(-1)?.rowKey ?? ""));
    yield { after: "", removed };
    // Another instance removes the same events, or all remaining events are newer.
    if (removed === 0 || old.length < rows.length) return;
  }
}

/**
 * Removes events with all of their rows in one transaction. When the rows do not fit into one, each half of the events
 * has its own.
 */
async function removeTogether(store: Store, events: ActionWithParts[]): Promise<number> {
  const operations = events.reduce((sum, { parts }) => sum + 1 + parts.length, 0);
  if (operations <= MAX_OPERATIONS) return submitWithParts(store, events);
  const middle = Math.ceil(events.length / 2);
  const removed = await removeTogether(store, events.slice(0, middle));
  return removed + (await removeTogether(store, events.slice(middle)));
}

/** Removes the counts of the hours whose last event is at this place or before it. */
async function removeHours({ table, partitionKey }: Store, seq: number): Promise<void> {
  const range = { ...HOURS, select: ["rowKey", "through"], pageSize: EVENTS_PER_STEP };
  for await (const { rowKey, through } of readRows<HourColumns>(table, partitionKey, range)) {
    if (through > seq) return;
    await removeRow(table, partitionKey, rowKey);
  }
}

/** Milliseconds after which a body without an event counts as left over. An append takes only seconds. */
const LEFT_OVER_AFTER = HOUR;
/** Each row has nearly a megabyte. */
const BODY_ROWS_PER_REQUEST = 20;

/**
 * Removes left-over bodies after the key `after`: their events were never appended. A late append that commits such a
 * body changes its ETag, so either the append or the removal succeeds. When the removal succeeds, storage refuses the
 * append, which then uploads the body again.
 */
export function removeLeftBodies(store: Store, now: number, after: string): AsyncGenerator<Removed> {
  const { table, partitionKey } = store;
  const leftOver = toIso(now - LEFT_OVER_AFTER);
  const range = {
    ...BODIES,
    after,
    select: ["rowKey", "committed", "timestamp"],
    window: BODY_ROWS_PER_REQUEST,
  };
  return removeWhere(
    scanRows<BodyRow>(table, partitionKey, range),
    ({ committed, timestamp = "" }) => !committed && timestamp < leftOver,
    ({ rowKey, etag }) => removeRow(table, partitionKey, rowKey, { etag }),
  );
}
