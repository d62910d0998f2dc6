import type { TableClient } from "@azure/data-tables";
import { fromJson } from "../../core/json.ts";
import { toIso } from "../../core/time.ts";
import { peopleIn } from "../../people/people-in.ts";
import type { DataPlace, Removed } from "../../people/place.ts";
import { placeOfRows, removeWhere } from "../../people/place-of-rows.ts";
import { fromProperties } from "../../storage/body.ts";
import { FORMAT } from "../../storage/format.ts";
import { endOf, withPrefix } from "../../storage/keys.ts";
import { type Row, removeRow, replaceRow } from "../../storage/rows.ts";
import { scanRows } from "../../storage/scan.ts";
import { KEY_LIFETIME } from "./record.ts";
import { CLAIM_PREFIX, KEY_PREFIX, KEYS_PARTITION, type KeyRow, readReply, toColumns } from "./rows.ts";

/** The number of rows that one request reads: each may contain an answer. */
const ROWS_PER_REQUEST = 50;

type AnswersPlaceOptions = {
  table: TableClient;
  /** Called with the id of a ticket before its answer is erased: the reconciliation may not have stored it yet. */
  keepOut?: (ticketId: string) => Promise<void>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/**
 * The answers that are stored for an `Idempotency-Key`. Answers about new tickets contain the requesters' addresses.
 */
export function answersPlace({ table, keepOut, now }: AnswersPlaceOptions): DataPlace {
  return placeOfRows<KeyRow, KeptAnswer>({
    name: "answers",
    rows: (after) =>
      scanRows(table, KEYS_PARTITION, { ...withPrefix(KEY_PREFIX), after, window: ROWS_PER_REQUEST }),
    async find(row, { email }) {
      if (fromProperties(row).length === 0) return undefined;
      const { status, body } = await readReply(row);
      const content = body === undefined ? undefined : fromJson(body);
      return peopleIn({ ticket: content }).includes(email) ? { item: { row, status, content } } : undefined;
    },
    async erase({ row, content }) {
      const { id } = (content ?? {}) as { id?: unknown };
      if (id !== undefined) await keepOut?.(String(id));
      return eraseAnswer(table, row, id);
    },
    show: ({ status, content }) => [{ status, body: content }],
    retain: (after) => removeExpired(table, now() - KEY_LIFETIME, after),
  });
}

type KeptAnswer = { row: Row<KeyRow>; status: number; content: unknown };

/** A repetition then gets only the id of the created item. */
async function eraseAnswer(table: TableClient, row: Row<KeyRow>, id: unknown): Promise<boolean> {
  const { rowKey, etag, fingerprint, began, state, unsure, until, status, headers } = row;
  const kept = { fingerprint, began, state, unsure, until };
  const reply = {
    status: status ?? 200,
    headers: JSON.parse(headers ?? "{}"),
    body: JSON.stringify({ id, erased: true }),
  };
  const columns = await toColumns(reply);
  const erased = { partitionKey: KEYS_PARTITION, rowKey, format: FORMAT, ...kept, ...columns };
  return (await replaceRow(table, erased, { etag })) !== undefined;
}

/**
 * Removes keys and claims that began before `forgotten` (milliseconds since the epoch). Removal is conditional on the
 * ETag, because a key may be used again at the same moment.
 */
async function* removeExpired(table: TableClient, forgotten: number, after: string): AsyncGenerator<Removed> {
  const instant = toIso(forgotten);
  for (const prefix of [KEY_PREFIX, CLAIM_PREFIX]) {
    if (after > endOf(prefix)) continue;
    const begun = after.startsWith(prefix) ? after : "";
    const range = { ...withPrefix(prefix), after: begun, select: ["rowKey", "began"] };
    yield* removeWhere(
      scanRows<{ began: string }>(table, KEYS_PARTITION, range),
      ({ began }) => began < instant,
      ({ rowKey, etag }) => removeRow(table, KEYS_PARTITION, rowKey, { etag }),
    );
  }
}
