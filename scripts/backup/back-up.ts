import { mkdir } from "node:fs/promises";
import { odata, type TableClient } from "@azure/data-tables";
import { CHAT_LOCK, CHAT_PARTITION as CHATS } from "../../shared/chats/chat-sink.ts";
import { toIso } from "../../shared/core/time.ts";
import {
  EVENTS,
  HEAD,
  HEAD_AND_WAITING,
  HOURS,
  identityKey,
  PROBE,
  QUARANTINED,
  seqOf,
} from "../../shared/event-log/keys.ts";
import { LOG_PARTITION as LOG } from "../../shared/event-log/store.ts";
import { ARRIVALS_PARTITION as ARRIVALS } from "../../shared/tickets/arrivals/arrivals.ts";
import { STATE } from "../../shared/tickets/store/state-row.ts";
import { TICKETS_PARTITION as TICKETS } from "../../shared/tickets/store/ticket-row.ts";
import { TRANSCRIPTS_PARTITION as TRANSCRIPTS } from "../../shared/transcripts/store.ts";
import { type Manifest, refuseDuringRestore, removeManifest, writeManifest, writePart } from "./files.ts";
import { bodyKeysOf, isBody, isHead } from "./plan.ts";
import { findRow, isIn, readAllRows, type StoredRow, textOf } from "./rows.ts";
import type { Tables } from "./tables.ts";
import { refuseUnfinished } from "./unfinished.ts";

/** Readings of the tickets, when reconciliations change them each time. */
const READINGS = 5;

/**
 * Copies an app's tables into a directory, in place of an earlier backup; the app may run meanwhile. The order of reading
 * keeps the parts consistent: no subscription's place is beyond the end of the log, and every stored ticket with an event
 * has that event in the log.
 *
 * @param now milliseconds since the epoch
 * @throws {UnfinishedRestore} when an interrupted restore left these tables, or needs the directory's backup
 * @throws {Error} when reconciliations changed the tickets during each of five readings
 * @throws {StorageUnavailable}
 */
export async function backUp(tables: Tables, directory: string, now: number): Promise<Manifest> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseDuringRestore(directory);
  await refuseUnfinished(tables.events);
  // Otherwise an interrupted backup would have the manifest of the one before, and count as complete.
  await removeManifest(directory);
  let head: StoredRow | undefined;
  async function* eventsAndHead() {
    for await (const row of readEvents(tables.events)) {
      if (isHead(row)) head = row;
      yield row;
    }
  }
  const subscriptions = await writePart(directory, "subscriptions", readAllRows(tables.subscriptions));
  const tickets = await writeTickets(directory, tables.tickets);
  const events = await writePart(directory, "events", eventsAndHead());
  const log = head && { id: textOf(head.log) ?? "", seq: Number(textOf(head.seq)) };
  const rows = { subscriptions, tickets, events };
  const manifest: Manifest = { format: 1, takenAt: toIso(now), rows, ...(log && { log }) };
  await writeManifest(directory, manifest);
  return manifest;
}

/** The counts in the state row match the other rows only between two commits of a reconciliation. */
async function writeTickets(directory: string, table: TableClient): Promise<number> {
  const lastCommit = async () => textOf((await findRow(table, TICKETS, STATE))?.commit);
  for (let attempt = 1; attempt <= READINGS; attempt++) {
    const before = await lastCommit();
    const count = await writePart(directory, "tickets", readAllRows(table));
    if (before === (await lastCommit())) return count;
  }
  throw new Error(
    "The stored tickets changed during each of five readings. Try again when no reconciliation runs.",
  );
}

/**
 * The rows of the log with its head last, and the items that wait to enter it. The items and the state of the
 * reconciliation of chats are read before the head. So an item that enters the log meanwhile is in the backup, and the
 * state has passed no chat whose events are left out.
 */
async function* readEvents(table: TableClient): AsyncGenerator<StoredRow> {
  for (const partition of [CHATS, TRANSCRIPTS, ARRIVALS]) {
    for await (const row of readAllRows(table, { filter: odata`PartitionKey eq ${partition}` })) {
      if (row.rowKey !== CHAT_LOCK) yield row;
    }
  }
  /** Quarantined deliveries whose bodies have rows of their own. */
  const large: StoredRow[] = [];
  const { from, before } = QUARANTINED;
  const quarantine = odata`PartitionKey eq ${LOG} and RowKey ge ${from} and RowKey lt ${before}`;
  for await (const row of readAllRows(table, { filter: quarantine })) {
    if (bodyKeysOf(row).length === 0) yield row;
    else large.push(row);
  }
  const head = await findRow(table, LOG, HEAD);
  const bodies = new Set<string>();
  for await (const row of readLog(table, head)) {
    if (isBody(row)) bodies.add(row.rowKey);
    yield row;
  }
  // A delivery that was removed meanwhile has lost its body.
  for (const row of large) if (bodyKeysOf(row).every((key) => bodies.has(key))) yield row;
  if (head) yield head;
}

/** The rows of the log as of the reading of its head, without its head and the quarantined deliveries. */
async function* readLog(table: TableClient, head: StoredRow | undefined): AsyncGenerator<StoredRow> {
  const end = head ? Number(textOf(head.seq)) : 0;
  for await (const row of readAllRows(table, { filter: odata`PartitionKey eq ${LOG}` })) {
    if (row.rowKey === PROBE || isIn(HEAD_AND_WAITING, row) || isIn(QUARANTINED, row)) continue;
    // Events after the head are left for a later backup.
    if (placeOf(row) <= end) yield row;
  }
}

/** The last place in the log that a row refers to; 0 for a row without a place. */
function placeOf(row: StoredRow): number {
  if (isIn(EVENTS, row)) return seqOf(row.rowKey);
  if (isIn(HOURS, row)) return Number(textOf(row.through));
  return row.rowKey.startsWith(identityKey("")) ? Number(textOf(row.seq)) : 0;
}
