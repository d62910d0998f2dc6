import type { TableClient } from "@azure/data-tables";
import { peopleIn } from "../../people/people-in.ts";
import type { DataPlace, Removed } from "../../people/place.ts";
import { fromProperties } from "../../storage/body.ts";
import { FORMAT } from "../../storage/format.ts";
import { after as behind } from "../../storage/keys.ts";
import { type Row, removeRow, replaceRow } from "../../storage/rows.ts";
import { scan } from "../../storage/scan.ts";
import { CLAIM, KEY, type KeptRow, PARTITION, readReply, toColumns } from "./idempotency.ts";
import { REMEMBERED } from "./record.ts";

/** Rows of a window: each may have its answer with it. */
const WINDOW = 50;

export type AnswersPlaceOptions = {
  table: TableClient;
  /** Called with the id of a ticket before its answer is erased: the reconciliation may not have stored it yet. */
  keepOut?: (ticketId: string) => Promise<void>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/** The answers that are kept for an `Idempotency-Key`: those to new tickets name their requesters. */
export function answersPlace({ table, keepOut, now }: AnswersPlaceOptions): DataPlace {
  async function* answersNaming(email: string, after: string) {
    const range = { from: KEY, before: behind(KEY), after, window: WINDOW };
    for await (const rows of scan<KeptRow>(table, PARTITION, range)) {
      for (const row of rows) {
        if (fromProperties(row).length === 0) continue;
        const { status, body } = await readReply(row);
        const content = parse(body);
        if (peopleIn({ ticket: content }).includes(email))
          yield { after: row.rowKey ?? "", row, status, content };
      }
      yield { after: rows.at(-1)?.rowKey ?? "" };
    }
  }

  return {
    name: "answers",
    async *erase({ email }, after) {
      for await (const { after: at, row, content } of answersNaming(email, after)) {
        const { id } = (content ?? {}) as { id?: unknown };
        if (row && id !== undefined) await keepOut?.(String(id));
        yield { after: at, erased: row && (await eraseAnswer(table, row, id)) ? 1 : 0 };
      }
    },
    async *search({ email }, after) {
      for await (const { after: at, row, status, content } of answersNaming(email, after)) {
        yield { after: at, items: row ? [{ status, body: content }] : [] };
      }
    },
    retain: (after) => removeExpired(table, now() - REMEMBERED, after),
  };
}

/** A repetition still gets the id of what was made, and nothing else. */
async function eraseAnswer(table: TableClient, row: Row<KeptRow>, id: unknown): Promise<boolean> {
  const { rowKey = "", etag, fingerprint, began, state, unsure, until, status, headers } = row;
  const kept = { fingerprint, began, state, unsure, until };
  const reply = {
    status: status ?? 200,
    headers: JSON.parse(headers ?? "{}"),
    body: JSON.stringify({ id, erased: true }),
  };
  const erased = { partitionKey: PARTITION, rowKey, format: FORMAT, ...kept, ...(await toColumns(reply)) };
  return (await replaceRow(table, erased, { etag })) !== undefined;
}

/**
 * Removes keys and claims that began before `forgotten` (milliseconds since the epoch). By ETag: a key that is used
 * again this moment has a new life.
 */
async function* removeExpired(table: TableClient, forgotten: number, after: string): AsyncGenerator<Removed> {
  const instant = new Date(forgotten).toISOString();
  for (const prefix of [KEY, CLAIM]) {
    if (after > behind(prefix)) continue;
    const range = { from: prefix, before: behind(prefix), select: ["rowKey", "began"] };
    const begun = after.startsWith(prefix) ? after : "";
    for await (const rows of scan<{ began: string }>(table, PARTITION, { ...range, after: begun })) {
      let removed = 0;
      for (const { rowKey = "", began, etag } of rows) {
        if (began < instant && (await removeRow(table, PARTITION, rowKey, { etag }))) removed++;
      }
      yield { after: rows.at(-1)?.rowKey ?? "", removed };
    }
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
