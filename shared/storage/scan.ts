import type { TableClient } from "@azure/data-tables";
import { type Range, type Row, readPages } from "./rows.ts";

/** Rows of a window. Rows are small, or weigh 64 KiB at most: the service reads as many within a fraction of a second. */
const WINDOW = 500;

export type Scan = Pick<Range, "before" | "from" | "select"> & {
  /** Key of the last row that is done; empty at the beginning. */
  after?: string;
  /** Rows of a window; fewer where the rows are large. */
  window?: number;
};

/**
 * Reads a range window by window, for work on rows that no key leads to. The service gets no condition to search by:
 * it ends a query after five seconds, with a token to go on from and perhaps without a row, and a request of this app
 * ends after four. A window is as many rows as the service reads for it, so it takes the same short time at any size
 * of the table. Callers choose from the rows, and keep the last key of a window to go on from.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
 * @yields rows with the columns of `select`; never an empty window
 * @throws {StorageUnavailable}
 */
export async function* scan<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  { from, before, after = "", select, window = WINDOW }: Scan,
): AsyncGenerator<[Row<Properties>, ...Row<Properties>[]]> {
  const range = { from: after === "" ? from : behind(after), before, select, pageSize: window };
  for await (const [first, ...others] of readPages<Properties>(table, partitionKey, range)) {
    if (first) yield [first, ...others];
  }
}

/** A key behind this one and before every other, among keys of one length. */
export function behind(key: string): string {
  return `${key}!`;
}
