import { odata, type TableClient, type TableEntity } from "@azure/data-tables";
import { deletion, submitWithParts } from "../../shared/event-log/bodies.ts";
import { OutcomeUnknown, toStorageError } from "../../shared/storage/failures.ts";
import { MAX_OPERATIONS } from "../../shared/storage/limits.ts";

/** A row with the type of every property, so it can be written back exactly. Its timestamp and ETag are left out. */
export type StoredRow = TableEntity<Record<string, { type: string; value: string } | string>>;

type Keys = Pick<StoredRow, "partitionKey" | "rowKey">;
type Rows<Row = StoredRow> = AsyncIterable<Row> | Iterable<Row>;

/**
 * Reads every row of a table, in the order of its keys. `filter` is OData; `select` names the only columns to read.
 *
 * @throws {StorageUnavailable}
 */
export async function* readAllRows(
  table: TableClient,
  { filter, select }: { filter?: string; select?: string[] } = {},
): AsyncGenerator<StoredRow> {
  const pages = table
    .listEntities({
      disableTypeConversion: true,
      queryOptions: { ...(filter && { filter }), ...(select && { select }) },
    })
    .byPage({ maxPageSize: 1000 });
  try {
    for await (const page of pages) {
      for (const { etag: _, timestamp: __, ...row } of page) yield row as StoredRow;
    }
  } catch (error) {
    throw toStorageError(error, "read");
  }
}

export async function findRow(
  table: TableClient,
  partition: string,
  key: string,
): Promise<StoredRow | undefined> {
  const filter = odata`PartitionKey eq ${partition} and RowKey eq ${key}`;
  for await (const row of readAllRows(table, { filter })) return row;
  return undefined;
}

/** A property's value, as text. */
export function textOf(property: StoredRow[string] | undefined): string | undefined {
  return typeof property === "object" && property !== null ? property.value : property;
}

/** Whether a row's key is in a range of keys. */
export function isIn({ from, before }: { from: string; before: string }, { rowKey }: Keys): boolean {
  return rowKey >= from && rowKey < before;
}

/** Characters of JSON in a transaction, well below its limit of 4 MiB. Binary properties are sent as Base64. */
const BATCH_CHARACTERS = 3_000_000;
const TRIES = 5;
const AT_ONCE = 4;

export type Waiting = { wait: (milliseconds: number) => Promise<unknown> };

/**
 * Writes rows, and replaces rows with the same keys. Neighbours of one partition share a transaction.
 *
 * @returns how many rows were written
 * @throws {StorageUnavailable} after five tries without an answer, or when storage refuses the rows
 */
export function writeRows(table: TableClient, rows: Rows, waiting: Waiting): Promise<number> {
  async function write(batch: StoredRow[]) {
    try {
      await table.submitTransaction(batch.map((row) => ["upsert", row, "Replace"]));
    } catch (error) {
      throw toStorageError(error, "write");
    }
  }
  return inTransactions(rows, write, waiting);
}

/**
 * Removes rows; a row that is missing counts as removed.
 *
 * @returns how many rows were given
 * @throws {StorageUnavailable} after five tries without an answer, or when storage refuses
 */
export function removeRows(table: TableClient, rows: Rows<Keys>, waiting: Waiting): Promise<number> {
  const remove = ([first, ...others]: [Keys, ...Keys[]]) => {
    const { partitionKey } = first;
    const items = [first, ...others].map(({ rowKey }) => ({
      action: deletion(partitionKey, rowKey),
      parts: [],
    }));
    return submitWithParts({ table, partitionKey }, items);
  };
  return inTransactions(rows, remove, waiting);
}

/**
 * Carries out the same work for all rows, in batches that fit into a transaction. Work with an unknown outcome is
 * repeated, so it must do no harm a second time.
 */
async function inTransactions<Row extends Keys>(
  rows: Rows<Row>,
  work: (batch: [Row, ...Row[]]) => Promise<unknown>,
  { wait }: Waiting,
): Promise<number> {
  async function untilAnswered(batch: [Row, ...Row[]]) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(batch);
      } catch (error) {
        if (attempt === TRIES || !(error instanceof OutcomeUnknown)) throw error;
        await wait(500 * 2 ** attempt);
      }
    }
  }
  let count = 0;
  const open: [Row, ...Row[]][] = [];
  const send = () => Promise.all(open.splice(0).map(untilAnswered));
  for await (const batch of inBatches(rows)) {
    count += batch.length;
    open.push(batch);
    if (open.length === AT_ONCE) await send();
  }
  await send();
  return count;
}

async function* inBatches<Row extends Keys>(rows: Rows<Row>): AsyncGenerator<[Row, ...Row[]]> {
  let batch: [Row, ...Row[]] | undefined;
  let characters = 0;
  for await (const row of rows) {
    const size = JSON.stringify(row).length;
    const fits =
      batch &&
      batch.length < MAX_OPERATIONS &&
      characters + size <= BATCH_CHARACTERS &&
      batch[0].partitionKey === row.partitionKey;
    if (batch && fits) {
      batch.push(row);
      characters += size;
    } else {
      if (batch) yield batch;
      batch = [row];
      characters = size;
    }
  }
  if (batch) yield batch;
}
