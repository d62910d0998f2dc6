import { odata, type TableClient } from "@azure/data-tables";
import { ATTEMPTS_PARTITION } from "../../shared/subscriptions/attempts.ts";
import { SUBSCRIPTION_ROWS } from "../../shared/subscriptions/row.ts";
import type { Backup } from "./files.ts";
import { type Place, type Plan, planRow, withLog } from "./plan.ts";
import { isIn, readAllRows, removeRows, type StoredRow, textOf, type Waiting, writeRows } from "./rows.ts";

const isAttempt = ({ partitionKey }: StoredRow) => partitionKey === ATTEMPTS_PARTITION;
const isSubscription = (row: StoredRow) => !isAttempt(row) && isIn(SUBSCRIPTION_ROWS, row);

/** The id of the subscription of a row: in its column, or in its key `subscription:<id>` or `parked:<id>:<place>`. */
const ownerOf = ({ id, rowKey }: StoredRow) => textOf(id) ?? rowKey.split(":")[1] ?? "";

export const toPlace = ({ log, cursor }: StoredRow): Place => ({
  log: textOf(log),
  cursor: Number(textOf(cursor) ?? 0),
});

/** The subscriptions of an app with their targets and parked events, without the attempts. */
export async function readSubscriptions(table: TableClient): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  for await (const row of readAllRows(table)) if (!isAttempt(row)) rows.push(row);
  return rows;
}

/**
 * Writes the subscriptions that the table does not have, and the failed attempts, which belong to the log. An existing
 * subscription changes only when the log has a new id: it keeps a place that the backup has. With another log's id in its
 * row, a subscription restarts at the beginning of the log.
 *
 * @param options.existing see {@link readSubscriptions}
 * @returns how many rows of the backup were written
 */
export async function restoreSubscriptions(
  table: TableClient,
  { backup, existing, plan }: { backup: Backup; existing: readonly StoredRow[]; plan: Plan },
  waiting: Waiting,
): Promise<number> {
  const { log } = backup.manifest;
  const mustMove = (row: StoredRow) => {
    const place = toPlace(row);
    return log !== undefined && log.id !== plan.log && place.log === log.id && place.cursor <= log.seq;
  };
  const atItsPlace = (row: StoredRow) => (plan.log && mustMove(row) ? withLog(row, plan.log) : row);
  await writeRows(table, existing.filter(mustMove).map(atItsPlace), waiting);
  const attempts = readAllRows(table, { filter: odata`PartitionKey eq ${ATTEMPTS_PARTITION}` });
  await removeRows(table, attempts, waiting);

  const taken = new Set(existing.filter(isSubscription).map(ownerOf));
  const owners = new Map(existing.map((row) => [row.rowKey, ownerOf(row)]));
  for await (const row of backup.read("subscriptions")) {
    // The same callback has another subscription now.
    const owner = owners.get(row.rowKey);
    if (owner !== undefined && owner !== ownerOf(row)) taken.add(ownerOf(row));
  }
  async function* wanted(isWanted: (row: StoredRow) => boolean) {
    for await (const row of backup.read("subscriptions")) {
      if (!isWanted(row) || (!isAttempt(row) && taken.has(ownerOf(row)))) continue;
      const planned = planRow(row, plan);
      if (planned) yield atItsPlace(planned);
    }
  }
  // Subscriptions come last: an existing one has all of its rows.
  const count = await writeRows(
    table,
    wanted((row) => !isSubscription(row)),
    waiting,
  );
  return count + (await writeRows(table, wanted(isSubscription), waiting));
}
