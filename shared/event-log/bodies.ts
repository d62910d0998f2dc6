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
 * A body on its way into the table. One that compresses to a single property travels in its event's row. A larger body
 * is first written into separate rows, named after owner and content, so a repetition finds its own rows. The
 * transaction that makes the event visible marks them as `committed`, and fails when one of them is missing: so there
 * is no event without its body, and rows that are never committed are known to be left over.
 */
export type Body = { owner: string; compressed: Buffer; properties: BodyProperties };

/** What an event's row says of its body. */
export type BodyProperties = {
  /** How long the text is, in UTF-8. */
  bytes: number;
  body0?: Uint8Array;
  bodyRows?: number;
  bodyFingerprint?: string;
};

export type BodyRow = { committed: boolean };

/** It also limits one event's share of a transaction of 49 events. */
const INLINE_BYTES = MAX_PROPERTY_BYTES;

export async function toBody(owner: string, text: string): Promise<Body> {
  const compressed = await compress(text);
  const bytes = Buffer.byteLength(text);
  const properties =
    compressed.length <= INLINE_BYTES
      ? { bytes, ...toProperties(compressed) }
      : { bytes, bodyRows: toPieces(compressed).length, bodyFingerprint: fingerprint(compressed) };
  return { owner, compressed, properties };
}

/** Writes the body's own rows, if it has any; those that are there already are the same. */
export async function uploadBody(
  { table, partitionKey }: Store,
  { owner, compressed, properties }: Body,
  { signal }: { signal?: AbortSignal },
): Promise<void> {
  const pieces = toPieces(compressed).map(toProperties);
  const rows = bodyKeys(owner, properties).map((rowKey, index) => {
    return { partitionKey, rowKey, committed: false, ...pieces[index] };
  });
  await Array.fromAsync(inGroups(rows, BODY_ROWS, (row) => createRow(table, row, { signal })));
}

/** Each is a megabyte and a third on the wire: enough at once to fill a connection, few enough to share one. */
const BODY_ROWS = 4;

/** What makes a body's own rows part of a transaction. */
export function commitBody(partitionKey: string, { owner, properties }: Body): TransactionAction[] {
  return bodyKeys(owner, properties).map((rowKey) => [
    "update",
    { partitionKey, rowKey, committed: true },
    "Merge",
  ]);
}

/** The keys of a body's own rows. */
export function bodyKeys(owner: string, { bodyRows = 0, bodyFingerprint = "" }: BodyProperties): string[] {
  return Array.from({ length: bodyRows }, (_, index) => bodyKey(owner, bodyFingerprint, index));
}

/** The text that a row holds or refers to; `undefined` when its own rows are gone, or hold nothing that can be unpacked. */
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

/** An action on a row, and the keys of the rows that go with it: parts of its body, an event's identity. */
export type Whole = { action: TransactionAction; parts: string[] };

/**
 * Acts on rows and removes their parts, in one transaction. A part that was lost before is passed over. A row whose action
 * is refused was removed or changed by another instance, with its parts.
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
