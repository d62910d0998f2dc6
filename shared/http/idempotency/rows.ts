import type { TableClient } from "@azure/data-tables";
import { compress, decompress, fromProperties, MAX_BYTES_PER_ROW, toProperties } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { hashed } from "../../storage/keys.ts";
import { createRow, type Row, readRow } from "../../storage/rows.ts";
import type { Reply } from "../operation.ts";
import type { KeyRecord } from "./record.ts";

export const KEYS_PARTITION = "idempotency";
const KEYS_NAME = "list of Idempotency-Keys";
/** The prefix of the rows of keys. */
export const KEY_PREFIX = "key:";
/** The prefix of the rows of claims. */
export const CLAIM_PREFIX = "made:";

/** A key, with the answer to its request when there is one. */
export type KeyRow = KeyRecord & { status?: number; headers?: string } & Formatted;

/** A created item: `owner` is the row key of the key whose request created it. */
type ClaimRow = { owner: string; began: string } & Formatted;

/** @throws {StorageUnavailable} also for a row of a newer build */
export async function readKeyRow(table: TableClient, rowKey: string): Promise<Row<KeyRow> | undefined> {
  const row = await readRow<KeyRow>(table, KEYS_PARTITION, rowKey);
  return row && checkFormat(row, KEYS_NAME);
}

export function claimRow(name: string, claim: Pick<ClaimRow, "owner" | "began">) {
  return { partitionKey: KEYS_PARTITION, rowKey: CLAIM_PREFIX + hashed(name), format: FORMAT, ...claim };
}

/** Claims an item for a key; `false` when the item belongs to another key. */
export async function claimOnce(table: TableClient, row: ReturnType<typeof claimRow>): Promise<boolean> {
  if ((await createRow(table, row)) !== undefined) return true;
  const found = await readRow<ClaimRow>(table, KEYS_PARTITION, row.rowKey);
  return found !== undefined && checkFormat(found, KEYS_NAME).owner === row.owner;
}

/** The columns of an answer; `undefined` when it is too large to store. */
export async function toColumns({ status, headers, body }: Reply): Promise<object | undefined> {
  const bytes = body === undefined ? undefined : await compress(body);
  if (bytes && bytes.length > MAX_BYTES_PER_ROW) return undefined;
  return { status, headers: JSON.stringify(headers), ...(bytes && toProperties(bytes)) };
}

export async function readReply(row: Row<KeyRow>): Promise<Reply> {
  const bytes = fromProperties(checkFormat(row, KEYS_NAME));
  return {
    status: row.status ?? 200,
    headers: JSON.parse(row.headers ?? "{}"),
    ...(bytes.length > 0 && { body: await decompress(bytes) }),
  };
}
