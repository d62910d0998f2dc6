import type { TransactionAction } from "@azure/data-tables";
import { inGroups } from "../core/in-groups.ts";
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
import type { Store } from "./store.ts";

/**
 * A body to store. A body that compresses to a single property is part of its event's row. A larger body is first
 * written into separate rows, whose keys derive from owner and content, so a repetition finds them. The transaction
 * that appends the event marks these rows as `committed`, and fails when one is missing. So no event lacks its body,
 * and rows without `committed` are left over from events that were never appended.
 */
export type Body = { compressed: Buffer; properties: BodyProperties };

/** The columns of an event's row about its body. */
export type BodyProperties = {
  /** Bytes of the text in UTF-8. */
  bytes: number;
  body0?: Uint8Array;
  bodyRows?: number;
  bodyFingerprint?: string;
};

export type BodyRow = { committed: boolean };

/** The limit also leaves room for 49 events in a transaction. */
const INLINE_BYTES = MAX_PROPERTY_BYTES;

export async function toBody(text: string): Promise<Body> {
  const compressed = await compress(text);
  const bytes = Buffer.byteLength(text);
  const properties =
    compressed.length <= INLINE_BYTES
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
  await Array.fromAsync(inGroups(rows, BODY_ROWS, (row) => createRow(table, row, { signal })));
}

/**
 * How many body rows are read or written at once. Each takes 1.3 MB on the wire, so a few of them fill a connection.
 */
const BODY_ROWS = 4;

/** The operations that commit a body's own rows in the transaction of its event. */
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
  if (keys.length === 0) return textOf(fromProperties(row));
  const pieces: Buffer[] = [];
  const read = (key: string) => readRow<Record<string, unknown>>(table, partitionKey, key);
  for await (const found of inGroups(keys, BODY_ROWS, read)) {
    if (!found) return undefined;
    pieces.push(fromProperties(found));
  }
  return textOf(Buffer.concat(pieces));
}

function textOf(bytes: Buffer): Promise<string | undefined> {
  return decompress(bytes).catch(() => undefined);
}

/** An action on a row, and the keys of rows to remove with it: parts of its body, and an event's identity. */
export type Whole = { action: TransactionAction; parts: string[] };

/**
 * Carries out the actions and removes the parts, in one transaction. A missing part is ignored. When the action on a
 * row is refused, another instance has removed or changed the row with its parts.
 *
 * @returns how many rows were acted on
 */
export async function submitWhole({ table, partitionKey }: Store, items: readonly Whole[]): Promise<number> {
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
