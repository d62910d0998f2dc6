import {
  type GetTableEntityOptions,
  odata,
  type TableClient,
  type TableEntity,
  type TableEntityResult,
} from "@azure/data-tables";
import { statusOf, toStorageError } from "./failures.ts";
import { checkEntity } from "./limits.ts";

/** A row as it is read: with its ETag. Properties are what was written, or missing. */
export type Row<Properties extends object> = TableEntityResult<Properties>;

type Signal = { signal?: AbortSignal };
type Etag = { etag?: string };

/** The row, or `undefined` when there is none. @throws {StorageUnavailable} */
export async function readRow<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  rowKey: string,
  {
    signal,
    select,
    onResponse,
  }: Signal & Pick<GetTableEntityOptions, "onResponse"> & { select?: string[] } = {},
): Promise<Row<Properties> | undefined> {
  try {
    return await table.getEntity<Properties>(partitionKey, rowKey, {
      abortSignal: signal,
      onResponse,
      ...(select && { queryOptions: { select } }),
    });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw toStorageError(error, "read");
  }
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
  try {
    return (await table.createEntity(row, { abortSignal: signal })).etag ?? "";
  } catch (error) {
    if (statusOf(error) === 409) return undefined;
    throw toStorageError(error, "write");
  }
}

/** Writes a row whether or not there is one. @throws {OutcomeUnknown} @throws {StorageUnavailable} */
export async function putRow(table: TableClient, row: TableEntity, { signal }: Signal = {}): Promise<void> {
  checkEntity(row);
  try {
    await table.upsertEntity(row, "Replace", { abortSignal: signal });
  } catch (error) {
    throw toStorageError(error, "write");
  }
}

/**
 * Replaces a row that is there, and with `etag` only when it is still that version: else nothing is done and the
 * answer is `undefined`. Otherwise the answer is the new ETag.
 *
 * @throws {OutcomeUnknown} @throws {StorageUnavailable}
 */
export async function replaceRow(
  table: TableClient,
  row: TableEntity,
  { signal, etag }: Signal & Etag = {},
): Promise<string | undefined> {
  checkEntity(row);
  try {
    return (await table.updateEntity(row, "Replace", { abortSignal: signal, etag })).etag ?? "";
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 412) return undefined;
    throw toStorageError(error, "write");
  }
}

/** Removes a row; `false` when it was not there, or, with `etag`, is not that version any more. @throws as above */
export async function removeRow(
  table: TableClient,
  partitionKey: string,
  rowKey: string,
  { signal, etag }: Signal & Etag = {},
): Promise<boolean> {
  try {
    await table.deleteEntity(partitionKey, rowKey, { abortSignal: signal, etag });
    return true;
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 412) return false;
    throw toStorageError(error, "write");
  }
}

export type Range = {
  /** Row keys from here on. */
  from: string;
  /** Row keys before this one. */
  before: string;
  /** A further condition, as made by `odata` of the SDK. */
  where?: string;
  select?: string[];
  /** How many rows a request brings at most. */
  pageSize?: number;
  signal?: AbortSignal;
};

/**
 * The rows of a range of one partition in the order of their keys, a request's worth at a time. A page may be empty
 * and yet not the last. @throws {StorageUnavailable}
 */
export async function* readPages<Properties extends object>(
  table: TableClient,
  partitionKey: string,
  { from, before, where, select, pageSize = 1000, signal }: Range,
): AsyncGenerator<Row<Properties>[]> {
  const range = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${before}`;
  const pages = table
    .listEntities<Properties>({
      abortSignal: signal,
      queryOptions: { filter: where ? `${range} and (${where})` : range, ...(select && { select }) },
    })
    .byPage({ maxPageSize: pageSize });
  try {
    for await (const page of pages) yield page;
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
