import { randomUUID } from "node:crypto";
import type { TableClient } from "@azure/data-tables";
import { BODIES, HEAD, QUARANTINED } from "../../shared/event-log/keys.ts";
import { STATE } from "../../shared/tickets/store/state-row.ts";
import { TICKETS_PARTITION as TICKETS } from "../../shared/tickets/store/ticket-row.ts";
import { TRANSCRIPTS_PARTITION as TRANSCRIPTS } from "../../shared/transcripts/store.ts";
import { LOG } from "./back-up.ts";
import { type Manifest, readManifest, readPart } from "./files.ts";
import {
  findRow,
  isIn,
  readAllRows,
  removeRows,
  type StoredRow,
  textOf,
  type Waiting,
  writeRows,
} from "./rows.ts";
import type { Tables } from "./tables.ts";

type Restored = Manifest["rows"] & {
  /** The last place of the log. */
  seq: number;
  /** Whether the log has a new id, because a subscription has received events that the backup does not have. */
  renamed: boolean;
};

/**
 * Writes a backup into an app's tables. The log and the tickets must be empty. With `replace` they are emptied first,
 * and items that were erased in them since the backup stay erased. Existing subscriptions do not change. The log's head
 * is written last, so an interrupted restore can be repeated.
 *
 * @throws {Error} when the backup is incomplete, or the tables have a log or tickets
 */
export async function restore(
  tables: Tables,
  directory: string,
  { replace, wait }: Waiting & { replace: boolean },
): Promise<Restored> {
  const { log } = await readManifest(directory);
  const erased = replace ? await readErased(tables, log?.id) : NOTHING_ERASED;
  if (replace) {
    await removeRows(tables.events, readAllRows(tables.events), { wait });
    await removeRows(tables.tickets, readAllRows(tables.tickets), { wait });
  } else {
    await refuseUnlessEmpty(tables);
  }

  const renamed = log !== undefined && (await isAheadOf(tables.subscriptions, log));
  const id = renamed ? randomUUID() : log?.id;
  const subscriptions = await writeRows(
    tables.subscriptions,
    newSubscriptions(tables.subscriptions, directory, log && { from: log.id, to: id ?? log.id }),
    { wait },
  );
  if (log && id && renamed) await keepPlaces(tables.subscriptions, log, id, { wait });
  const tickets = await writeRows(tables.tickets, ticketsOf(directory, erased), { wait });
  const events = await writeLog(tables.events, eventsOf(directory, erased), id, { wait });
  return { events, tickets, subscriptions, seq: log?.seq ?? 0, renamed };
}

async function refuseUnlessEmpty({ events, tickets }: Tables): Promise<void> {
  const found = (await findRow(events, LOG, HEAD)) ?? (await findRow(tickets, TICKETS, STATE));
  if (found) {
    throw new Error(
      "The tables already have a log or tickets. Choose empty tables, or add --replace to empty these.",
    );
  }
}

/** The tables' tombstones, by row key, and the remaining quarantined deliveries and transcripts. */
type Erased = {
  rows: ReadonlyMap<string, StoredRow>;
  quarantined: ReadonlySet<string> | undefined;
  /** Row keys of the transcripts' partition. */
  transcripts: ReadonlySet<string> | undefined;
};
const NOTHING_ERASED: Erased = { rows: new Map(), quarantined: undefined, transcripts: undefined };

/**
 * Finds the items that were erased in these tables. An event's row key is its place, which names the same event only in
 * the same log.
 */
async function readErased({ events, tickets }: Tables, log: string | undefined): Promise<Erased> {
  const rows = new Map<string, StoredRow>();
  for await (const row of readAllRows(tickets)) if (row.erasedAt !== undefined) rows.set(row.rowKey, row);
  const head = await findRow(events, LOG, HEAD);
  if (!head || textOf(head.log) !== log) return { ...NOTHING_ERASED, rows };
  const quarantined = new Set<string>();
  const transcripts = new Set<string>();
  for await (const row of readAllRows(events)) {
    if (row.erasedAt !== undefined) rows.set(row.rowKey, row);
    if (isIn(QUARANTINED, row)) quarantined.add(row.rowKey);
    if (row.partitionKey === TRANSCRIPTS) transcripts.add(row.rowKey);
  }
  return { rows, quarantined, transcripts };
}

async function* eventsOf(
  directory: string,
  { rows, quarantined, transcripts }: Erased,
): AsyncGenerator<StoredRow> {
  for await (const row of readPart(directory, "events")) {
    // A quarantined delivery that is missing was erased, deleted or replayed since the backup.
    if (quarantined && isIn(QUARANTINED, row) && !quarantined.has(row.rowKey)) continue;
    // A missing transcript was erased, or is in the log. The reconciliation of chats finds chats that the backup lacks.
    if (transcripts && row.partitionKey === TRANSCRIPTS && !transcripts.has(row.rowKey)) continue;
    yield rows.get(row.rowKey) ?? row;
  }
}

/** Writes the state row, which describes the others, last. */
async function* ticketsOf(directory: string, { rows }: Erased): AsyncGenerator<StoredRow> {
  let state: StoredRow | undefined;
  for await (const row of readPart(directory, "tickets")) {
    if (row.partitionKey === TICKETS && row.rowKey === STATE) state = row;
    else yield rows.get(row.rowKey) ?? row;
  }
  if (state) yield state;
}

type LogPlace = NonNullable<Manifest["log"]>;

/** Whether a subscription has received events of this log after the end of the backup. */
async function isAheadOf(table: TableClient, { id, seq }: LogPlace): Promise<boolean> {
  for await (const row of readAllRows(table)) {
    if (textOf(row.log) === id && Number(textOf(row.cursor)) > seq) return true;
  }
  return false;
}

/** The backup's subscriptions that the table does not have, with places in the log's new id. */
async function* newSubscriptions(
  table: TableClient,
  directory: string,
  log: { from: string; to: string } | undefined,
): AsyncGenerator<StoredRow> {
  const there = new Set<string>();
  for await (const { rowKey } of readAllRows(table)) there.add(rowKey);
  for await (const row of readPart(directory, "subscriptions")) {
    if (!there.has(row.rowKey)) yield log && textOf(row.log) === log.from ? withLog(row, log.to) : row;
  }
}

/**
 * Gives the new log id to subscriptions whose place is valid in the restored log. All others restart at its beginning.
 */
async function keepPlaces(table: TableClient, log: LogPlace, id: string, waiting: Waiting): Promise<void> {
  async function* valid() {
    for await (const row of readAllRows(table)) {
      if (textOf(row.log) === log.id && Number(textOf(row.cursor)) <= log.seq) yield withLog(row, id);
    }
  }
  await writeRows(table, valid(), waiting);
}

function withLog(row: StoredRow, id: string): StoredRow {
  return { ...row, log: { type: "String", value: id } };
}

/** Writes the log's rows, without bodies that have no event, and then its head. */
async function writeLog(
  table: TableClient,
  rows: AsyncIterable<StoredRow>,
  id: string | undefined,
  waiting: Waiting,
): Promise<number> {
  let head: StoredRow | undefined;
  const bodies = new Map<string, StoredRow[]>();
  async function* allButHead() {
    for await (const row of rows) {
      if (row.rowKey === HEAD) {
        head = row;
        continue;
      }
      const [kind = "", owner = ""] = row.rowKey.split(":");
      // Only keys of rows with large bodies are kept in memory. Bodies come before their events in the order of keys.
      if (isIn(BODIES, row)) {
        const { partitionKey, rowKey } = row;
        bodies.set(owner, [...(bodies.get(owner) ?? []), { partitionKey, rowKey }]);
      } else if (row.erasedAt === undefined) {
        bodies.delete(kind === "event" ? (textOf(row.id) ?? "") : "");
        if (kind !== "id") bodies.delete(owner);
      }
      yield row;
    }
  }
  let count = await writeRows(table, allButHead(), waiting);
  async function* unclaimed() {
    for (const keys of bodies.values()) yield* keys;
  }
  count -= await removeRows(table, unclaimed(), waiting);
  if (!head) return count;
  async function* last(row: StoredRow) {
    yield id === undefined ? row : withLog(row, id);
  }
  return count + (await writeRows(table, last(head), waiting));
}
