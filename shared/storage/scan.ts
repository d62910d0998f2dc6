import type { TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { type Range, type Row, readPages } from "./rows.ts";

/** Rows of a window. Most rows weigh a few KiB: the service reads as many within a fraction of a second. */
const DEFAULT_WINDOW = 250;
/** A window that is not answered in time is asked for again as a fifth of it, down to as many rows. */
const SMALLEST = 10;

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
  { from, before, after = "", select, window = DEFAULT_WINDOW }: Scan,
): AsyncGenerator<[Row<Properties>, ...Row<Properties>[]]> {
  let begin = after === "" ? from : behind(after);
  for (let pageSize = window; ; pageSize = Math.ceil(pageSize / 5)) {
    try {
      const range = { from: begin, before, select, pageSize };
      for await (const [first, ...others] of readPages<Properties>(table, partitionKey, range)) {
        if (!first) continue;
        yield [first, ...others];
        begin = behind((others.at(-1) ?? first).rowKey);
      }
      return;
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || pageSize <= SMALLEST) throw error;
    }
  }
}

/** The rows of {@link scan}, one by one. */
export async function* scanRows<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  range: Scan,
): AsyncGenerator<Row<Properties>> {
  for await (const rows of scan<Properties>(table, partitionKey, range)) yield* rows;
}

/** The next key after this one, among keys of one length. */
export function behind(key: string): string {
  return `${key}!`;
}
