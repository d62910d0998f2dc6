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
  return (await Array.fromAsync(readAllRows(table))).filter((row) => !isAttempt(row));
}

/**
 * Writes the subscriptions that the table does not have, and all failed attempts, which belong to the log. A subscription
 * of the table does not change, unless the log has a new id and the place is valid in it. All others restart at the
 * beginning of the log.
 *
 * @param options.there see {@link readSubscriptions}
 * @param options.begun the plan of an interrupted restore
 * @returns how many rows of the backup were written
 */
export async function restoreSubscriptions(
  table: TableClient,
  options: { backup: Backup; there: readonly StoredRow[]; plan: Plan; begun?: Plan },
  waiting: Waiting,
): Promise<number> {
  const { backup, there, plan, begun } = options;
  const { log } = backup.manifest;
  const rows = () => backup.read("subscriptions");

  function atItsPlace(row: StoredRow): StoredRow {
    const place = toPlace(row);
    const isValid = log && [log.id, begun?.log].includes(place.log) && place.cursor <= log.seq;
    return isValid && plan.log && place.log !== plan.log ? withLog(row, plan.log) : row;
  }

  const existing = there.filter(isSubscription);
  const moved = existing.map(atItsPlace).filter((row, index) => row !== existing[index]);
  await writeRows(table, moved, waiting);
  await removeRows(
    table,
    readAllRows(table, { filter: odata`PartitionKey eq ${ATTEMPTS_PARTITION}` }),
    waiting,
  );

  const kept = new Set(existing.map(ownerOf));
  const targets = new Map(there.map((row) => [row.rowKey, ownerOf(row)]));
  for await (const row of rows()) {
    // The same callback has another subscription now.
    if ((targets.get(row.rowKey) ?? ownerOf(row)) !== ownerOf(row)) kept.add(ownerOf(row));
  }
  async function* wanted(isWanted: (row: StoredRow) => boolean) {
    for await (const row of rows()) {
      const planned = isWanted(row) && (isAttempt(row) || !kept.has(ownerOf(row))) && planRow(row, plan);
      if (planned) yield atItsPlace(planned);
    }
  }
  // A subscription comes last: one that is there has all of its rows.
  const others = await writeRows(
    table,
    wanted((row) => !isSubscription(row)),
    waiting,
  );
  return others + (await writeRows(table, wanted(isSubscription), waiting));
}
