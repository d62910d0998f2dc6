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
  seqOf,
} from "../../shared/event-log/keys.ts";
import { LOG_PARTITION as LOG } from "../../shared/event-log/store.ts";
import { ARRIVALS_PARTITION as ARRIVALS } from "../../shared/tickets/arrivals/arrivals.ts";
import { STATE } from "../../shared/tickets/store/state-row.ts";
import { TICKETS_PARTITION as TICKETS } from "../../shared/tickets/store/ticket-row.ts";
import { TRANSCRIPTS_PARTITION as TRANSCRIPTS } from "../../shared/transcripts/store.ts";
import {
  type Manifest,
  PARTS,
  type Part,
  refuseDuringRestore,
  removeManifest,
  writeManifest,
  writePart,
} from "./files.ts";
import { findRow, isIn, readAllRows, type StoredRow, textOf } from "./rows.ts";
import type { Tables } from "./tables.ts";

/** Readings of the tickets, when reconciliations change them each time. */
const READINGS = 5;

/**
 * Copies an app's tables into a directory, in place of an earlier backup; the app may run meanwhile. The order of reading
 * keeps the parts consistent: no subscription's place is beyond the end of the log, and every stored ticket with an event
 * has that event in the log.
 *
 * @param now milliseconds since the epoch
 * @throws {UnfinishedRestore} when an interrupted restore needs the directory's backup
 * @throws {Error} when reconciliations changed the tickets during each of five readings
 * @throws {StorageUnavailable}
 */
export async function backUp(tables: Tables, directory: string, now: number): Promise<Manifest> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await refuseDuringRestore(directory);
  // Otherwise an interrupted backup would have the manifest of the one before, and count as complete.
  await removeManifest(directory);
  const rows: Record<Part, number> = { subscriptions: 0, tickets: 0, events: 0 };
  let head: StoredRow | undefined;
  for (const part of PARTS) {
    if (part === "subscriptions") {
      rows[part] = await writePart(directory, part, readAllRows(tables.subscriptions));
    } else if (part === "tickets") {
      rows[part] = await writeTickets(directory, tables.tickets);
    } else {
      head = await findRow(tables.events, LOG, HEAD);
      rows[part] = await writePart(directory, part, readLog(tables.events, head));
    }
  }
  const log = head && { id: textOf(head.log) ?? "", seq: Number(textOf(head.seq)) };
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

/** The rows of the log as of the reading of its head. A log without events has no head, but it may have a quarantine. */
async function* readLog(table: TableClient, head: StoredRow | undefined): AsyncGenerator<StoredRow> {
  const end = head ? Number(textOf(head.seq)) : 0;
  for await (const row of readAllRows(table, { filter: odata`PartitionKey eq ${LOG}` })) {
    if (row.rowKey === PROBE || isIn(HEAD_AND_WAITING, row)) continue;
    // Events after the head are left for a later backup.
    if (placeOf(row) <= end) yield row;
  }
  // Ends of chats that wait for their transcript, late transcripts, tickets to be read, and the state of the reconciliation
  // of chats.
  for (const partition of [TRANSCRIPTS, ARRIVALS, CHATS]) {
    for await (const row of readAllRows(table, { filter: odata`PartitionKey eq ${partition}` })) {
      if (row.rowKey !== CHAT_LOCK) yield row;
    }
  }
  if (head) yield head;
}

/** The last place in the log that a row refers to; 0 for a row without a place. */
function placeOf(row: StoredRow): number {
  if (isIn(EVENTS, row)) return seqOf(row.rowKey);
  if (isIn(HOURS, row)) return Number(textOf(row.through));
  return row.rowKey.startsWith(identityKey("")) ? Number(textOf(row.seq)) : 0;
}
