import {
  type GetTableEntityOptions,
  odata,
  type TableClient,
  type TableEntity,
  type TableEntityResult,
} from "@azure/data-tables";
import { statusOf, toStorageError } from "./failures.ts";
import { checkEntity } from "./limits.ts";

/** A row as it is read: with its keys and its ETag. A property has the value that was written, or is missing. */
export type Row<Properties extends object> = TableEntityResult<Properties> & {
  partitionKey: string;
  rowKey: string;
};

type Signal = { signal?: AbortSignal };

export type ReadOptions = Signal & {
  /** Only these columns. */
  select?: string[];
  /** Is shown the answer to each request, before its rows are given. */
  onResponse?: GetTableEntityOptions["onResponse"];
};

/** The row is gone, or has changed since its ETag was read. */
const OTHER_VERSION = [404, 412];

/** Does an operation; `undefined` when the service refuses it with one of these statuses. */
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
 * Creates a row, unless there is one: then nothing is done and the answer is `undefined`, else the ETag.
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
 * Replaces a row if it is still the version with this ETag; answers the new ETag, or `undefined` when nothing was done.
 *
 * @throws {TypeError} without an ETag, which the service would take for "any version"
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

/** @throws {TypeError} without an ETag: the service would read the missing condition as "any version" */
export function checkEtag(etag: string | undefined): void {
  if (!etag) throw new TypeError("A conditional write needs the ETag of the version that was read");
}

export type Range = ReadOptions & {
  /** Row keys from here on. */
  from: string;
  /** Row keys before this one. */
  before: string;
  /** A further condition, as made by `odata` of the SDK. */
  where?: string;
  /** How many rows a request brings at most. */
  pageSize?: number;
};

/**
 * The rows of a range of one partition in the order of their keys, a request's worth at a time. A page may be empty
 * and yet not the last. @throws {StorageUnavailable}
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

/** All rows of a range, one by one. @throws {StorageUnavailable} */
export async function* readRows<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  range: Range,
): AsyncGenerator<Row<Properties>> {
  for await (const page of readPages<Properties>(table, partitionKey, range)) yield* page;
}
