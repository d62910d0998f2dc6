import { randomUUID } from "node:crypto";
import type { TableClient, TableEntity } from "@azure/data-tables";
import { OutcomeUnknown } from "./failures.ts";
import { createRow, readRow, replaceRow } from "./rows.ts";

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
