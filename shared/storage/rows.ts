import {
  type GetTableEntityOptions,
  odata,
  type TableClient,
  type TableEntity,
  type TableEntityResult,
} from "@azure/data-tables";
import { statusOf, toStorageError } from "./failures.ts";
import { checkEntity } from "./limits.ts";

/** A row that was read, with its keys and its ETag. */
export type Row<Properties extends object> = TableEntityResult<Properties> & {
  partitionKey: string;
  rowKey: string;
};

type Signal = { signal?: AbortSignal };

export type ReadOptions = Signal & {
  /** Only these columns. */
  select?: string[];
  /** Called with the answer to each request, before its rows are returned. */
  onResponse?: GetTableEntityOptions["onResponse"];
};

/** The row was removed or changed since its ETag was read. */
const OTHER_VERSION = [404, 412];

/** The result of an operation; `undefined` when the service refuses it with one of these statuses. */
async function unless<Value>(
  statuses: readonly number[],
  did: "read" | "write",
  operation: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await operation();
  } catch (error) {
    if (statuses.includes(statusOf(error) ?? 0)) return undefined;
    throw toStorageError(error, did);
  }
}

/** The row, or `undefined` when it does not exist. @throws {StorageUnavailable} */
export async function readRow<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  rowKey: string,
  { signal, select, onResponse }: ReadOptions = {},
): Promise<Row<Properties> | undefined> {
  const options = { abortSignal: signal, onResponse, ...(select && { queryOptions: { select } }) };
  const row = await unless([404], "read", () => table.getEntity<Properties>(partitionKey, rowKey, options));
  return row as Row<Properties> | undefined;
}

/**
 * Creates a row. Returns its ETag, or `undefined` when the row already exists.
 *
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function createRow(
  table: TableClient,
  row: TableEntity,
  { signal }: Signal = {},
): Promise<string | undefined> {
  checkEntity(row);
  const create = () => table.createEntity(row, { abortSignal: signal });
  return unless([409], "write", async () => (await create()).etag ?? "");
}

/** Writes a row, whether it exists or not. @throws {OutcomeUnknown} @throws {StorageUnavailable} */
export async function putRow(table: TableClient, row: TableEntity, { signal }: Signal = {}): Promise<void> {
  checkEntity(row);
  await unless([], "write", () => table.upsertEntity(row, "Replace", { abortSignal: signal }));
}

/**
 * Replaces a row if it is still the version with this ETag. Returns the new ETag, or `undefined` when it is not.
 *
 * @throws {TypeError} without an ETag: see {@link checkEtag}
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function replaceRow(
  table: TableClient,
  row: TableEntity,
  { signal, etag }: Signal & { etag: string },
): Promise<string | undefined> {
  checkEtag(etag);
  checkEntity(row);
  const update = () => table.updateEntity(row, "Replace", { abortSignal: signal, etag });
  return unless(OTHER_VERSION, "write", async () => (await update()).etag ?? "");
}

/**
 * Removes a row; with `etag`, only if the row is still that version. Returns `false` when nothing was removed.
 *
 * @throws {TypeError} when `etag` is given as `undefined`
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function removeRow(
  table: TableClient,
  partitionKey: string,
  rowKey: string,
  options: { etag?: string } = {},
): Promise<boolean> {
  if ("etag" in options) checkEtag(options.etag);
  const remove = () => table.deleteEntity(partitionKey, rowKey, options);
  return (await unless(OTHER_VERSION, "write", remove)) !== undefined;
}

/** @throws {TypeError} without an ETag: the service would change any version of the row */
export function checkEtag(etag: string | undefined): void {
  if (!etag) throw new TypeError("A conditional write needs the ETag of the version that was read");
}

export type Range = ReadOptions & {
  /** The first row key. */
  from: string;
  /** The row key that ends the range; it is not part of it. */
  before: string;
  /** A further condition, made with `odata` of the SDK. */
  where?: string;
  /** The largest number of rows that one request returns. */
  pageSize?: number;
};

/**
 * The rows of a range of one partition in the order of their keys, a page for each request. An empty page may not be
 * the last one. @throws {StorageUnavailable}
 */
export async function* readPages<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  { from, before, where, select, pageSize = 1000, signal, onResponse }: Range,
): AsyncGenerator<Row<Properties>[]> {
  const range = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${before}`;
  const pages = table
    .listEntities<Properties>({
      abortSignal: signal,
      onResponse,
      queryOptions: { filter: where ? `${range} and (${where})` : range, ...(select && { select }) },
    })
    .byPage({ maxPageSize: pageSize });
  try {
    for await (const page of pages) yield page as Row<Properties>[];
  } catch (error) {
    throw toStorageError(error, "read");
  }
}

/** The rows of a range, one by one. @throws {StorageUnavailable} */
export function readRows<Properties extends object>(table: TableClient, partitionKey: string, range: Range) {
  return flatten(readPages<Properties>(table, partitionKey, range));
}

/**
 * Keeps the storage service's time from answers: pass `onResponse` to a reading, and `date` returns the `Date` header of
 * its last answer.
 */
export function answerDate() {
  let date: string | undefined;
  const onResponse: ReadOptions["onResponse"] = ({ headers }) => {
    date = headers.get("date");
  };
  return { onResponse, date: () => date };
}

/** The items of pages, one by one. */
export async function* flatten<Item>(pages: AsyncIterable<Item[]>): AsyncGenerator<Item> {
  for await (const page of pages) yield* page;
}
