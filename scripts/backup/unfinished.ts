import type { TableClient } from "@azure/data-tables";
import { createRow, readRow } from "../../shared/storage/rows.ts";
import { UnfinishedRestore } from "./files.ts";
import { removeRows, type Waiting } from "./rows.ts";

// While a restore changes the tables, a row in the table of events names its plan. Only that plan, beside the backup, then
// knows all that was erased. So until the restore has ended, no other backup is restored, and no backup is made.

export const RESTORE_PARTITION = "restore";
const KEY = { partitionKey: RESTORE_PARTITION, rowKey: "unfinished" };

/** The id of the plan of a restore into these tables that has not ended. @throws {StorageUnavailable} */
export async function unfinishedPlan(events: TableClient): Promise<string | undefined> {
  const row = await readRow<{ plan: string }>(events, KEY.partitionKey, KEY.rowKey);
  return row?.plan;
}

/** @throws {UnfinishedRestore} when a restore into these tables has not ended @throws {StorageUnavailable} */
export async function refuseUnfinished(events: TableClient): Promise<void> {
  if ((await unfinishedPlan(events)) === undefined) return;
  throw new UnfinishedRestore("A restore into these tables was interrupted. Repeat it with --replace first.");
}

/** @throws {UnfinishedRestore} when another restore began first @throws {StorageUnavailable} */
export async function markBegun(events: TableClient, plan: string): Promise<void> {
  if ((await createRow(events, { ...KEY, plan })) !== undefined) return;
  throw new UnfinishedRestore("Another restore into these tables has begun.");
}

export async function markEnded(events: TableClient, waiting: Waiting): Promise<void> {
  await removeRows(events, [KEY], waiting);
}
