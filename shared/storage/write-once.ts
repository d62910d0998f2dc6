import { randomUUID } from "node:crypto";
import type { TableClient, TableEntity } from "@azure/data-tables";
import { OutcomeUnknown } from "./failures.ts";
import { createRow, type Row, readRow, replaceRow } from "./rows.ts";

/**
 * Creates a row, or replaces it if it is still the version with this ETag, and finds out whether it did: a write whose
 * answer was lost is read back. The column `write` tells each write from every other, also of the same content.
 *
 * @returns the new ETag, or `undefined` when another write came first
 * @throws {OutcomeUnknown} when the write may still be done later
 * @throws {StorageUnavailable}
 */
export async function writeOnce(
  table: TableClient,
  content: TableEntity,
  { etag, signal }: { etag?: string; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const row = { ...content, write: randomUUID() };
  try {
    return await (etag === undefined
      ? createRow(table, row, { signal })
      : replaceRow(table, row, { etag, signal }));
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    const found = await readRow<{ write?: string }>(table, row.partitionKey, row.rowKey, { signal });
    if (found?.write === row.write) return found.etag;
    // Over a row of another version it cannot be done any more.
    if (found?.etag !== etag) return undefined;
    throw error;
  }
}

/** Writes of others that may come first before {@link changeRow} gives up. */
const LOST_WRITES = 3;

/**
 * Reads a row and writes what `change` makes of it, once more when another write came first.
 *
 * @param change is given the row, if there is one; makes `undefined` when nothing is to be written
 * @returns whether that is done: `false` when others came first each time
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function changeRow<Properties extends object>(
  table: TableClient,
  key: { partitionKey: string; rowKey: string },
  change: (row: Row<Properties> | undefined) => Properties | undefined,
  { signal }: { signal?: AbortSignal } = {},
): Promise<boolean> {
  for (let attempt = 0; attempt < LOST_WRITES; attempt++) {
    const row = await readRow<Properties>(table, key.partitionKey, key.rowKey, { signal });
    const next = change(row);
    if (!next) return true;
    if ((await writeOnce(table, { ...key, ...next }, { etag: row?.etag, signal })) !== undefined) return true;
  }
  return false;
}
