import { compress, decompress, fromProperties, MAX_BYTES_PER_ROW, toProperties } from "../../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../../storage/format.ts";
import { hashed } from "../../storage/keys.ts";
import type { Row } from "../../storage/rows.ts";
import type { Reply } from "../operation.ts";
import type { KeyRecord } from "./record.ts";

export const PARTITION = "idempotency";
/** The prefix of the rows of keys. */
export const KEY_PREFIX = "key:";
/** The prefix of the rows of claims. */
export const CLAIM_PREFIX = "made:";

/** A key, with the answer to its request when there is one. */
export type KeyRow = KeyRecord & { status?: number; headers?: string } & Formatted;

/** A created item: `owner` is the row key of the key whose request created it. */
export type ClaimRow = { owner: string; began: string } & Formatted;

/** @throws {Error} for a row of a newer version of the app */
export function checkRow<Columns extends Formatted>(row: Columns): Columns {
  return checkFormat(row, "list of Idempotency-Keys");
}

export function claimRow(name: string, claim: Pick<ClaimRow, "owner" | "began">) {
  return { partitionKey: PARTITION, rowKey: CLAIM_PREFIX + hashed(name), format: FORMAT, ...claim };
}

/** The columns of an answer; `undefined` when it is too large to store. */
export async function toColumns({ status, headers, body }: Reply): Promise<object | undefined> {
  const bytes = body === undefined ? undefined : await compress(body);
  if (bytes && bytes.length > MAX_BYTES_PER_ROW) return undefined;
  return { status, headers: JSON.stringify(headers), ...(bytes && toProperties(bytes)) };
}

export async function readReply(row: Row<KeyRow>): Promise<Reply> {
  const bytes = fromProperties(checkRow(row));
  return {
    status: row.status ?? 200,
    headers: JSON.parse(row.headers ?? "{}"),
    ...(bytes.length > 0 && { body: await decompress(bytes) }),
  };
}
