import { mkdir } from "node:fs/promises";
import { odata, type TableClient } from "@azure/data-tables";
import { CHAT_LOCK, CHAT_PARTITION as CHATS } from "../../shared/chats/chat-records.ts";
import {
  EVENTS,
  HEAD,
  HEAD_AND_WAITING,
  HOURS,
  identityKey,
  PROBE,
  seqOf,
} from "../../shared/event-log/keys.ts";
import { ARRIVALS_PARTITION as ARRIVALS } from "../../shared/tickets/arrivals/arrivals.ts";
import { STATE } from "../../shared/tickets/store/state-row.ts";
import { TICKETS_PARTITION as TICKETS } from "../../shared/tickets/store/ticket-row.ts";
import { TRANSCRIPTS_PARTITION as TRANSCRIPTS } from "../../shared/transcripts/store.ts";
import { type Manifest, PARTS, type Part, writeManifest, writePart } from "./files.ts";
import { findRow, isIn, readAllRows, type StoredRow, textOf } from "./rows.ts";
import type { Tables } from "./tables.ts";

/** The partition of the events table that holds the log. */
export const LOG = "log";

/** How often the tickets are read again because a reconciliation wrote some meanwhile. */
const ATTEMPTS = 5;

/**
 * Copies an app's tables into a directory, also while the app works. The order of reading makes the parts a possible
 * state of the app: a subscriber's place is never beyond the end of the log, and a ticket that is stored as seen has
 * its event in the log.
 *
 * @throws {Error} when reconciliations changed the tickets during each of five readings
 */
export async function backUp(tables: Tables, directory: string, now: number): Promise<Manifest> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
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
  const manifest: Manifest = { format: 1, takenAt: new Date(now).toISOString(), rows, ...(log && { log }) };
  await writeManifest(directory, manifest);
  return manifest;
}

/** The numbers in the state row are exact for the other rows only between two commits of a reconciliation. */
async function writeTickets(directory: string, table: TableClient): Promise<number> {
  const lastCommit = async () => textOf((await findRow(table, TICKETS, STATE))?.commit);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await lastCommit();
    const count = await writePart(directory, "tickets", readAllRows(table));
    if (before === (await lastCommit())) return count;
  }
  throw new Error(
    "The stored tickets changed during each of five readings. Try again when no reconciliation runs.",
  );
}

/** The rows of the log as it stood when its head was read. The head comes last: a restore that was cut off has none. */
async function* readLog(table: TableClient, head: StoredRow | undefined): AsyncGenerator<StoredRow> {
  if (!head) return;
  const end = Number(textOf(head.seq));
  for await (const row of readAllRows(table, odata`PartitionKey eq ${LOG}`)) {
    if (row.rowKey === PROBE || isIn(HEAD_AND_WAITING, row)) continue;
    // Events that were added since the head was read belong to a later backup.
    if (placeOf(row) <= end) yield row;
  }
  // Ends of chats that wait for their transcript, late transcripts, new tickets that are yet to be read, and where the
  // reconciliation of chats stands.
  for (const partition of [TRANSCRIPTS, ARRIVALS, CHATS]) {
    for await (const row of readAllRows(table, odata`PartitionKey eq ${partition}`)) {
      if (row.rowKey !== CHAT_LOCK) yield row;
    }
  }
  yield head;
}

/** The last place that a row is about; 0 for a row that is about none. */
function placeOf(row: StoredRow): number {
  if (isIn(EVENTS, row)) return seqOf(row.rowKey);
  if (isIn(HOURS, row)) return Number(textOf(row.through));
  return row.rowKey.startsWith(identityKey("")) ? Number(textOf(row.seq)) : 0;
}
