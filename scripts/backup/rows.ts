import { odata, type TableClient, type TableEntity, type TransactionAction } from "@azure/data-tables";
import { MAX_OPERATIONS } from "../../shared/storage/limits.ts";

/** A row with the type of every property, so it can be written back exactly. Its timestamp and ETag are left out. */
export type StoredRow = TableEntity<Record<string, { type: string; value: string } | string>>;

/** Reads every row of a table, in the order of its keys. `filter` is OData. */
export async function* readAllRows(table: TableClient, filter?: string): AsyncGenerator<StoredRow> {
  const pages = table
    .listEntities({ disableTypeConversion: true, queryOptions: filter ? { filter } : {} })
    .byPage({ maxPageSize: 1000 });
  for await (const page of pages) {
    for (const { etag: _, timestamp: __, ...row } of page) yield row as StoredRow;
  }
}

/** One row by its keys. */
export async function findRow(
  table: TableClient,
  partition: string,
  key: string,
): Promise<StoredRow | undefined> {
  const only = odata`PartitionKey eq ${partition} and RowKey eq ${key}`;
  for await (const row of readAllRows(table, only)) return row;
  return undefined;
}

/** A property's value, as text. */
export function textOf(property: StoredRow[string] | undefined): string | undefined {
  return typeof property === "object" && property !== null ? property.value : property;
}

/** Whether a row's key is in a range of keys. */
export function isIn({ from, before }: { from: string; before: string }, { rowKey }: StoredRow): boolean {
  return rowKey >= from && rowKey < before;
}

/** Characters of JSON in a transaction, well below its limit of 4 MiB. Binary properties are sent as Base64. */
const BATCH_CHARACTERS = 3_000_000;
const ATTEMPTS = 5;
const AT_ONCE = 4;

/**
 * Writes rows, and replaces rows with the same keys. Neighbours of one partition share a transaction. An attempt with an
 * unknown outcome is repeated, because writing a row twice does no harm.
 *
 * @returns how many rows were written
 */
export async function writeRows(
  table: TableClient,
  rows: AsyncIterable<StoredRow>,
  waiting: Waiting,
): Promise<number> {
  return change(table, rows, (row) => ["upsert", row, "Replace"], waiting);
}

/** Removes rows. @returns how many were removed */
export async function removeRows(
  table: TableClient,
  rows: AsyncIterable<StoredRow>,
  waiting: Waiting,
): Promise<number> {
  return change(table, rows, ({ partitionKey, rowKey }) => ["delete", { partitionKey, rowKey }], waiting);
}

export type Waiting = { wait: (milliseconds: number) => Promise<unknown> };

async function change(
  table: TableClient,
  rows: AsyncIterable<StoredRow>,
  toAction: (row: StoredRow) => TransactionAction,
  { wait }: Waiting,
): Promise<number> {
  let count = 0;
  let running: Promise<void>[] = [];
  for await (const batch of inBatches(rows)) {
    count += batch.length;
    running.push(submit(table, batch.map(toAction), wait));
    if (running.length === AT_ONCE) {
      await Promise.all(running);
      running = [];
    }
  }
  await Promise.all(running);
  return count;
}

async function* inBatches(rows: AsyncIterable<StoredRow>): AsyncGenerator<StoredRow[]> {
  let batch: StoredRow[] = [];
  let characters = 0;
  for await (const row of rows) {
    const size = JSON.stringify(row).length;
    const isFull =
      batch.length === MAX_OPERATIONS ||
      characters + size > BATCH_CHARACTERS ||
      batch[0]?.partitionKey !== row.partitionKey;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      characters = 0;
    }
    batch.push(row);
    characters += size;
  }
  if (batch.length > 0) yield batch;
}

async function submit(
  table: TableClient,
  actions: TransactionAction[],
  wait: Waiting["wait"],
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await table.submitTransaction(actions);
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await wait(500 * 2 ** attempt);
    }
  }
}
