import type { TransactionAction } from "@azure/data-tables";
import { TooLarge } from "../core/errors.ts";
import { inGroups } from "../core/values.ts";
import {
  compress,
  decompress,
  fingerprint,
  fromProperties,
  toPieces,
  toProperties,
} from "../storage/body.ts";
import { MAX_PROPERTY_BYTES } from "../storage/limits.ts";
import { createRow, readRow } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { bodyKey } from "./keys.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import type { Store } from "./store.ts";

/**
 * The body of its owner, which is an event or a quarantined delivery. A body that compresses to a single property is
 * part of its owner's row. A larger body is first written into rows of its own, whose keys derive from the owner's id
 * and the content, so a repetition finds them. The transaction that creates the owner marks these rows as `committed`,
 * and fails when one is missing. So every owner has its body, and rows without `committed` have no owner.
 */
export type Body = { compressed: Buffer; properties: BodyProperties };

/** The columns of the owner's row about its body. */
export type BodyProperties = {
  /** Bytes of the text in UTF-8. */
  bytes: number;
  body0?: Uint8Array;
  bodyRows?: number;
  bodyFingerprint?: string;
};

export type BodyRow = { committed: boolean };

/** @throws {TooLarge} */
export async function toBody(text: string): Promise<Body> {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BODY_BYTES) throw new TooLarge(`The body has more than ${MAX_BODY_BYTES} bytes.`);
  const compressed = await compress(text);
  const properties =
    compressed.length <= MAX_PROPERTY_BYTES
      ? { bytes, ...toProperties(compressed) }
      : { bytes, bodyRows: toPieces(compressed).length, bodyFingerprint: fingerprint(compressed) };
  return { compressed, properties };
}

/** Writes the body's own rows, if it has any. Existing rows with these keys have the same content. */
export async function uploadBody(
  { table, partitionKey }: Store,
  owner: string,
  { compressed, properties }: Body,
  { signal }: { signal?: AbortSignal },
): Promise<void> {
  const pieces = toPieces(compressed).map(toProperties);
  const rows = bodyKeys(owner, properties).map((rowKey, index) => {
    return { partitionKey, rowKey, committed: false, ...pieces[index] };
  });
  await Array.fromAsync(inGroups(rows, BODY_ROWS_AT_ONCE, (row) => createRow(table, row, { signal })));
}

/** A row has up to 1.3 MB on the wire, so a few rows fill a connection. */
const BODY_ROWS_AT_ONCE = 4;

/** The operations that commit a body's own rows in the transaction of its owner. */
export function commitBody(partitionKey: string, owner: string, row: BodyProperties): TransactionAction[] {
  return bodyKeys(owner, row).map((rowKey) => ["update", { partitionKey, rowKey, committed: true }, "Merge"]);
}

/** The keys of a body's own rows. */
export function bodyKeys(owner: string, { bodyRows = 0, bodyFingerprint = "" }: BodyProperties): string[] {
  return Array.from({ length: bodyRows }, (_, index) => bodyKey(owner, bodyFingerprint, index));
}

/** The text of a body; `undefined` when one of its rows is missing, or the text cannot be decompressed. */
export async function readBody(
  { table, partitionKey }: Store,
  owner: string,
  row: BodyProperties,
): Promise<string | undefined> {
  const keys = bodyKeys(owner, row);
  if (keys.length === 0) return tryDecompress(fromProperties(row));
  const pieces: Buffer[] = [];
  const read = (key: string) => readRow<Record<string, unknown>>(table, partitionKey, key);
  for await (const found of inGroups(keys, BODY_ROWS_AT_ONCE, read)) {
    if (!found) return undefined;
    pieces.push(fromProperties(found));
  }
  return tryDecompress(Buffer.concat(pieces));
}

function tryDecompress(bytes: Buffer): Promise<string | undefined> {
  return decompress(bytes).catch(() => undefined);
}

/** An action on a row, and the keys of the rows to remove with it: the rows of its body, and an event's identity. */
export type ActionWithParts = { action: TransactionAction; parts: string[] };

/**
 * Carries out actions and removes their parts, in one transaction. A missing part is ignored. When an action is
 * refused, another instance has removed or changed the row with its parts.
 *
 * @returns how many actions were carried out
 */
export async function submitWithParts(
  { table, partitionKey }: Store,
  items: readonly ActionWithParts[],
): Promise<number> {
  let open = [...items];
  while (open.length > 0) {
    const actions = open.flatMap(({ action, parts }) => [
      action,
      ...parts.map((key) => deletion(partitionKey, key)),
    ]);
    const outcome = await submit(table, actions);
    if (outcome.committed) return open.length;
    const refused = actions[outcome.index]?.[1].rowKey;
    open = open
      .filter(({ action }) => action[1].rowKey !== refused)
      .map(({ action, parts }) => ({ action, parts: parts.filter((key) => key !== refused) }));
  }
  return 0;
}

export function deletion(partitionKey: string, rowKey: string): TransactionAction {
  return ["delete", { partitionKey, rowKey }];
}
