import type { TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { flatten, type Range, type Row, readPages } from "./rows.ts";

/** The service reads this many rows of a few KiB in a fraction of a second. */
const DEFAULT_WINDOW = 250;
/** A window that the service does not return in time is made five times smaller, down to this number of rows. */
const MIN_WINDOW = 10;

export type Scan = Pick<Range, "before" | "from" | "select"> & {
  /** The scan begins after this row key; at `from` when it is empty. */
  after?: string;
  /** How many rows one request returns; 250 by default, and fewer for large rows. */
  window?: number;
};

/**
 * Reads all rows of a range in windows, for callers that look for rows without knowing their keys. Callers filter the
 * rows themselves. For a query with a condition, the service may search for five seconds and return no row, but a
 * request of this app ends after four seconds. Without a condition, the service reads only the rows that it returns. So
 * a window takes the same short time in a table of any size.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination
 * @yields rows with the columns of `select`; never an empty window
 * @throws {StorageUnavailable}
 */
export async function* scan<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  { from, before, after = "", select, window = DEFAULT_WINDOW }: Scan,
): AsyncGenerator<[Row<Properties>, ...Row<Properties>[]]> {
  let begin = after === "" ? from : nextAfter(after);
  for (let pageSize = window; ; pageSize = Math.ceil(pageSize / 5)) {
    try {
      const range = { from: begin, before, select, pageSize };
      for await (const [first, ...others] of readPages<Properties>(table, partitionKey, range)) {
        if (!first) continue;
        yield [first, ...others];
        begin = nextAfter((others.at(-1) ?? first).rowKey);
      }
      return;
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || pageSize <= MIN_WINDOW) throw error;
    }
  }
}

/** The rows of {@link scan}, one by one. */
export function scanRows<Properties extends object>(table: TableClient, partitionKey: string, range: Scan) {
  return flatten(scan<Properties>(table, partitionKey, range));
}

/** A key right after this one, before all other keys of the same length. */
export function nextAfter(key: string): string {
  return `${key}!`;
}
