import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { odata, type TableClient } from "@azure/data-tables";
import { readJson } from "../../shared/core/json.ts";
import { HEAD, HEAD_AND_WAITING, identityKey, PROBE } from "../../shared/event-log/keys.ts";
import { LOG_PARTITION as LOG } from "../../shared/event-log/store.ts";
import { HEALTH_PARTITION } from "../../shared/health/counter.ts";
import { KEYS_PARTITION } from "../../shared/http/idempotency/rows.ts";
import { ALL_TICKETS } from "../../shared/tickets/store/ticket-row.ts";
import {
  type Backup,
  DamagedBackup,
  type Manifest,
  openBackup,
  PARTS,
  planPath,
  removePlans,
  UnfinishedRestore,
  writeDurably,
} from "./files.ts";
import {
  bodyKeysOf,
  type Erasures,
  identitiesOf,
  isBody,
  isContinued,
  isEvent,
  isHead,
  lastPlaceIn,
  leavesNoTombstone,
  nameOf,
  type Place,
  Plan,
  planRow,
  planToText,
  pointersOf,
  restoredHead,
  restoredLogId,
  together,
} from "./plan.ts";
import { isIn, readAllRows, removeRows, type StoredRow, textOf, type Waiting, writeRows } from "./rows.ts";
import { readSubscriptions, restoreSubscriptions, toPlace } from "./subscriptions.ts";
import type { Tables } from "./tables.ts";
import { markBegun, markEnded, RESTORE_PARTITION, refuseUnfinished, unfinishedPlan } from "./unfinished.ts";

type Restored = Manifest["rows"] & {
  /** The last place of the log. */
  seq: number;
  /** How many erased events and tickets stay erased. */
  erased: number;
  /** Whether the log has a new id, because the tables or a subscription had events that the backup does not have. */
  hasNewId: boolean;
};

/**
 * Writes a backup into an app's tables. The log and the tickets must be empty. With `replace` they are emptied first,
 * and content that was erased in them since the backup stays erased. Existing subscriptions do not change.
 *
 * Before a row changes, the whole backup is checked, and a plan is stored beside it, which is removed at the end. So a
 * restore that was interrupted can be repeated with `replace`.
 *
 * @throws {DamagedBackup} when the backup is not complete; nothing was changed
 * @throws {UnfinishedRestore} when a restore into these tables was interrupted, without `replace` or its plan
 * @throws {Error} without `replace`, when the tables have a log or tickets
 * @throws {StorageUnavailable}
 */
export async function restore(
  tables: Tables,
  directory: string,
  { replace, ...waiting }: Waiting & { replace: boolean },
): Promise<Restored> {
  const backup = await openBackup(directory);
  if (!replace) {
    await refuseUnfinished(tables.events);
    await refuseUnlessEmpty(tables);
  }
  const unfinished = await unfinishedPlan(tables.events);
  const id = unfinished ?? randomUUID();
  const path = planPath(directory, tables, id);
  const begun = unfinished === undefined ? undefined : await readPlan(path);

  const existing = await readSubscriptions(tables.subscriptions);
  const { erasures, found, bodies, lastPlace } = await examine(tables, backup, begun);
  const { log } = backup.manifest;
  const places = [...existing.map(toPlace), ...(lastPlace ? [lastPlace] : [])];
  const plan: Plan = { ...erasures, log: log && restoredLogId(log, places, begun?.log) };
  await writeDurably(path, planToText(plan));
  if (!begun) await markBegun(tables.events, id);
  if (replace) await empty(tables, waiting);
  const subscriptions = await restoreSubscriptions(tables.subscriptions, { backup, existing, plan }, waiting);
  const tickets = await writeRows(tables.tickets, ticketsOf(backup, plan, found), waiting);
  const events = await restoreEvents(tables.events, { backup, plan, found, bodies }, waiting);
  await markEnded(tables.events, waiting);
  await removePlans(directory, tables);
  const erased = plan.events.size + plan.tickets.size;
  return { events, tickets, subscriptions, erased, seq: log?.seq ?? 0, hasNewId: plan.log !== log?.id };
}

/**
 * @throws {UnfinishedRestore} without the plan
 * @throws {DamagedBackup} with another content
 */
async function readPlan(path: string): Promise<Plan> {
  const text = await readFile(path, "utf8").catch((cause) => {
    const message = `A restore into these tables was interrupted. Repeat it with its own directory first, which has ${basename(path)}.`;
    throw new UnfinishedRestore(message, { cause });
  });
  const plan = readJson(text, Plan);
  if (!plan) throw new DamagedBackup(`${path}, which an interrupted restore left, is damaged.`);
  return plan;
}

async function refuseUnlessEmpty({ events, tickets }: Tables): Promise<void> {
  for await (const row of readAllRows(events, { filter: odata`PartitionKey eq ${LOG}`, select: KEYS })) {
    const isOfEmptyLog = row.rowKey === PROBE || (row.rowKey !== HEAD && isIn(HEAD_AND_WAITING, row));
    if (!isOfEmptyLog) throw notEmpty();
  }
  for await (const _ of readAllRows(tickets, { select: KEYS })) throw notEmpty();
}

const notEmpty = () =>
  new Error(
    "The tables already have a log or tickets. Choose empty tables, or add --replace to empty these.",
  );

const KEYS = ["PartitionKey", "RowKey"];

/**
 * Finds what was erased in the tables since the backup, and reads the whole backup, so that a damaged one is refused.
 *
 * @param begun the plan of an interrupted restore: the tables may no longer show earlier erasures
 * @returns also the erased events and tickets that the backup has, and the keys of the bodies to restore
 * @throws {DamagedBackup}
 */
async function examine(tables: Tables, { manifest, read }: Backup, begun: Plan | undefined) {
  const { remaining, lastPlace, ...known } = await findErasures(tables, manifest.log?.id);
  const erasures = begun ? together(begun, known) : known;
  const found = new Set<string>();
  const bodies = new Set<string>();
  for (const part of PARTS) {
    for await (const row of read(part)) {
      if (remaining && leavesNoTombstone(row) && !remaining.has(nameOf(row))) erasures.gone.add(nameOf(row));
      const name = isEvent(row) ? (textOf(row.id) ?? "") : row.rowKey;
      if (erasures.events.has(name) || erasures.tickets.has(name)) found.add(name);
      for (const planned of rowOf(row, erasures)) for (const key of bodyKeysOf(planned)) bodies.add(key);
    }
  }
  return { erasures, found, bodies, lastPlace };
}

/**
 * Reads which events and tickets are erased in the tables. `remaining` has the names of quarantined deliveries and
 * waiting items. It is missing unless the tables have the backup's log: only then a missing item was erased, deleted or
 * moved into the log. `lastPlace` is that of the tables' log, see {@link lastPlaceIn}.
 */
async function findErasures(
  { events, tickets }: Tables,
  log: string | undefined,
): Promise<Erasures & { remaining?: Set<string>; lastPlace?: Place }> {
  const erasures: Erasures = { events: new Map(), tickets: new Map(), gone: new Set() };
  const remaining = new Set<string>();
  let isSameLog = false;
  let lastPlace: Place | undefined;
  for await (const row of readAllRows(events, {
    select: [...KEYS, "id", "erasedAt", "log", "seq", "restoredFrom"],
  })) {
    const erasedAt = textOf(row.erasedAt);
    if (isHead(row)) {
      isSameLog = log === undefined || isContinued(row, log);
      lastPlace = log === undefined ? undefined : lastPlaceIn(log, row);
    } else if (leavesNoTombstone(row)) remaining.add(nameOf(row));
    else if (erasedAt && row.partitionKey === LOG) {
      erasures.events.set(textOf(row.id) || row.rowKey.slice(identityKey("").length), erasedAt);
    }
  }
  for await (const row of readAllRows(tickets, { select: [...KEYS, "erasedFor", "erasedAt"] })) {
    const erasedAt = textOf(row.erasedAt);
    if (!erasedAt || isIn(ALL_TICKETS, row)) continue;
    erasures.tickets.set(row.rowKey, { erasedFor: textOf(row.erasedFor), erasedAt });
  }
  return { ...erasures, lastPlace, ...(isSameLog && { remaining }) };
}

/** The partitions of the table of events that a restore does not change. */
const KEPT = [KEYS_PARTITION, HEALTH_PARTITION, RESTORE_PARTITION];

/** Removes the log and the tickets. The log's head is removed first: tables with a head are whole. */
async function empty({ events, tickets }: Tables, waiting: Waiting): Promise<void> {
  async function* others() {
    for await (const row of readAllRows(events, { select: KEYS })) {
      if (!KEPT.includes(row.partitionKey)) yield row;
    }
  }
  await removeRows(events, [{ partitionKey: LOG, rowKey: HEAD }], waiting);
  await removeRows(events, others(), waiting);
  await removeRows(tickets, readAllRows(tickets, { select: KEYS }), waiting);
}

async function* ticketsOf({ read }: Backup, plan: Plan, found: Set<string>): AsyncGenerator<StoredRow> {
  for await (const row of read("tickets")) yield* rowOf(row, plan);
  yield* pointersOf(plan, found);
}

/** Writes the log and the waiting items. The head comes last: tables with a head are whole. */
async function restoreEvents(
  table: TableClient,
  { backup, plan, found, bodies }: { backup: Backup; plan: Plan; found: Set<string>; bodies: Set<string> },
  waiting: Waiting,
): Promise<number> {
  let head: StoredRow | undefined;
  async function* allButHead() {
    for await (const row of backup.read("events")) {
      if (isHead(row)) head = row;
      else if (!isBody(row) || bodies.has(row.rowKey)) yield* rowOf(row, plan);
    }
    yield* identitiesOf(plan, found);
  }
  const count = await writeRows(table, allButHead(), waiting);
  if (!head || !plan.log) return count;
  return count + (await writeRows(table, [restoredHead(head, plan.log)], waiting));
}

/** The row to write for a row of the backup, or nothing. */
function rowOf(row: StoredRow, erasures: Erasures): StoredRow[] {
  const planned = planRow(row, erasures);
  return planned ? [planned] : [];
}
