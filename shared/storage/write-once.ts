import { randomUUID } from "node:crypto";
import type { TableClient, TableEntity, TransactionAction } from "@azure/data-tables";
import { OutcomeUnknown } from "./failures.ts";
import { createRow, type Row, readRow, replaceRow } from "./rows.ts";
import { submit } from "./transaction.ts";

type WriteOptions = {
  etag?: string;
  signal?: AbortSignal;
  /** Actions on other rows of the partition: they and the replacement are all carried out, or none. */
  together?: TransactionAction[];
};

/**
 * Creates a row, or replaces it if it is still the version with this ETag. When the answer is lost, the row is read to
 * find out whether it was written. Each write has its own value in the column `write`, so another write of
 * equal content is not mistaken for this one.
 *
 * @returns the new ETag, or `undefined` when another write came first
 * @throws {OutcomeUnknown} when storage may still carry out the write later
 * @throws {StorageUnavailable}
 */
export async function writeOnce(
  table: TableClient,
  content: TableEntity,
  { etag, signal, together = [] }: WriteOptions = {},
): Promise<string | undefined> {
  const row = { ...content, write: randomUUID() };
  try {
    if (etag === undefined) return await createRow(table, row, { signal });
    if (together.length === 0) return await replaceRow(table, row, { etag, signal });
    const outcome = await submit(table, [["update", row, "Replace", { etag }], ...together], { signal });
    return outcome.committed ? outcome.etags[0] : undefined;
  } catch (error) {
    if (!(error instanceof OutcomeUnknown)) throw error;
    const found = await readRow<{ write?: string }>(table, row.partitionKey, row.rowKey, { signal });
    if (found?.write === row.write) return found.etag;
    // The write cannot be carried out later, because the row has another version now.
    if (found?.etag !== etag) return undefined;
    throw error;
  }
}

const MAX_ATTEMPTS = 3;

/**
 * Reads a row, changes it and writes it. When another write came first, all three steps are repeated.
 *
 * @param change gets the row, or `undefined` when the row does not exist. It returns the new row, or `undefined` to
 *   write nothing.
 * @returns `false` when other writes came first in every attempt
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function changeRow<Properties extends object>(
  table: TableClient,
  key: { partitionKey: string; rowKey: string },
  change: (row: Row<Properties> | undefined) => Properties | undefined,
  { signal }: { signal?: AbortSignal } = {},
): Promise<boolean> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const row = await readRow<Properties>(table, key.partitionKey, key.rowKey, { signal });
    const next = change(row);
    if (!next) return true;
    if ((await writeOnce(table, { ...key, ...next }, { etag: row?.etag, signal })) !== undefined) return true;
  }
  return false;
}
