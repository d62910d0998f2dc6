import type { TransactionAction } from "@azure/data-tables";
import { cut } from "../core/cut.ts";
import { TooLarge } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import type { EventType } from "../schemas/webhook.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { hashed } from "../storage/keys.ts";
import { type Row, readRow } from "../storage/rows.ts";
import { type Scan, scanRows } from "../storage/scan.ts";
import { submit } from "../storage/transaction.ts";
import {
  type BodyProperties,
  bodyKeys,
  commitBody,
  deletion,
  readBody,
  submitWhole,
  toBody,
  uploadBody,
} from "./bodies.ts";
import { inTime } from "./in-time.ts";
import { isId, QUARANTINED, quarantineIdOf, quarantineKey } from "./keys.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import type { Store } from "./store.ts";
import type { Append, Appended, NewQuarantined, Quarantined, Understanding } from "./types.ts";

export type QuarantineRow = {
  expected: EventType;
  reason: string;
  /** JSON. */
  problems: string;
  receivedAt: string;
} & BodyProperties &
  Formatted;

/** Limits for the stored reason and problems, so a hostile body cannot make its row too large. */
const REASON_CHARACTERS = 1000;
const PROBLEMS = 50;
const PROBLEM_CHARACTERS = 200;
const MOST_COUNTED = 1000;
/** How many entries one page searches for those with a reason. */
const MOST_LOOKED_AT = 5_000;
/** The columns of an entry without its body. */
const ENTRY = ["rowKey", "format", "expected", "reason", "problems", "receivedAt"];
/** How many rows one request reads: each may contain a body. */
const ENTRIES = 100;

/** The entries in the order of their ids. */
export const quarantineRows = (store: Store, range: Partial<Scan>) =>
  scanRows<QuarantineRow>(store.table, store.partitionKey, { ...QUARANTINED, window: ENTRIES, ...range });

type QuarantineQuery = { limit?: number; cursor?: string; reason?: string };

/** The deliveries that were authenticated but not understood. */
export function openQuarantine(
  store: Store,
  { append, now, timeLimit }: { append: Append; now: () => number; timeLimit: number },
) {
  const { table, partitionKey } = store;

  async function keep({ raw, expected, reason, problems }: NewQuarantined, signal: AbortSignal) {
    if (Buffer.byteLength(raw) > MAX_BODY_BYTES) {
      throw new TooLarge(`The delivery has more than ${MAX_BODY_BYTES} bytes.`);
    }
    // Equal bodies have the same row, so a repetition after a lost answer finds the row.
    const id = hashed([expected, raw]);
    const rowKey = quarantineKey(id);
    const body = await toBody(raw);
    const isKept = async () =>
      (await readRow(table, partitionKey, rowKey, { select: ["rowKey"], signal })) !== undefined;
    // The time is read after an answer of storage, so `now` uses storage's clock.
    if (await isKept()) return { id };
    const kept = problems.slice(0, PROBLEMS).map(({ path, message }) => {
      return { path: short(path, PROBLEM_CHARACTERS), message: short(message, PROBLEM_CHARACTERS) };
    });
    const row = {
      ...{ partitionKey, rowKey, format: FORMAT, expected },
      reason: short(reason, REASON_CHARACTERS),
      problems: JSON.stringify(kept),
      receivedAt: toIso(now()),
      ...body.properties,
    };
    const actions: TransactionAction[] = [...commitBody(partitionKey, id, body.properties), ["create", row]];
    for (;;) {
      await uploadBody(store, id, body, { signal });
      const outcome = await submit(table, actions, { signal });
      if (outcome.committed || outcome.reason === "exists" || (await isKept())) return { id };
    }
  }

  async function find(id: string): Promise<Row<QuarantineRow> | undefined> {
    return isId(id) ? readRow<QuarantineRow>(table, partitionKey, quarantineKey(id)) : undefined;
  }

  /** An entry with its body. */
  async function get(id: string): Promise<(Quarantined & { raw: string }) | undefined> {
    const row = await find(id);
    const raw = row && (await readBody(store, id, row));
    return row && raw !== undefined ? { ...toEntry(row), raw } : undefined;
  }

  /** Deletes an entry; `false` when it did not exist. */
  async function remove(id: string): Promise<boolean> {
    const row = await find(id);
    return row !== undefined && removeQuarantined(store, row);
  }

  return {
    /** Stores a body; an equal body is the same entry. @throws {TooLarge} @throws {StorageUnavailable} */
    keep: (delivery: NewQuarantined) => inTime(timeLimit, (signal) => keep(delivery, signal)),
    get,
    remove,
    /** Pages through the entries, or those of one reason, in the order of their ids. `next` is missing at the end. */
    async list(query: QuarantineQuery = {}): Promise<{ items: Quarantined[]; next?: string }> {
      const { limit = 100, cursor, reason } = query;
      const from = cursor !== undefined && isId(cursor) ? quarantineKey(cursor) : QUARANTINED.from;
      const items: Quarantined[] = [];
      let seen = 0;
      const window = Math.min(reason === undefined ? limit + 1 : ENTRIES, ENTRIES);
      for await (const row of quarantineRows(store, { from, select: ENTRY, window })) {
        const entry = toEntry(row);
        if (items.length === limit || seen === MOST_LOOKED_AT) return { items, next: entry.id };
        if (reason === undefined || entry.reason === reason) items.push(entry);
        seen++;
      }
      return { items };
    },
    /** The number of entries. Counting stops at 1,000, and `more` is then true. */
    async count(): Promise<{ count: number; more: boolean }> {
      let count = 0;
      for await (const _ of quarantineRows(store, { select: ["rowKey"] })) {
        if (++count > MOST_COUNTED) return { count: MOST_COUNTED, more: true };
      }
      return { count, more: false };
    },
    /**
     * Reads an entry again. If that succeeds, the event is appended to the log, and the entry is removed. When the
     * process dies between the two, a repetition finds the event in the log. `undefined` when there is no such entry.
     */
    async replay(
      id: string,
      understand: (raw: string, expected: EventType) => Understanding,
    ): Promise<Appended | { status: "quarantined"; id: string; reason: string } | undefined> {
      const entry = await get(id);
      if (!entry) return undefined;
      const reading = understand(entry.raw, entry.expected);
      if (!("event" in reading)) return { status: "quarantined", id, reason: reading.reason };
      const appended = await append(reading.event);
      await remove(id);
      return appended;
    },
  };
}

/** Removes an entry with its body; `false` when it was already removed. */
export async function removeQuarantined(store: Store, row: Row<QuarantineRow>): Promise<boolean> {
  const parts = bodyKeys(quarantineIdOf(row.rowKey), row);
  const action = deletion(store.partitionKey, row.rowKey);
  return (await submitWhole(store, [{ action, parts }])) > 0;
}

/** The fields of a quarantined delivery without its body. */
export function toEntry(row: Row<QuarantineRow>): Quarantined {
  const { rowKey, expected, reason, problems, receivedAt } = checkFormat(row, "quarantine");
  return { id: quarantineIdOf(rowKey), expected, reason, problems: JSON.parse(problems), receivedAt };
}

/** Storage refuses half of a surrogate pair, which a hostile body may contain. */
const short = (text: string, most: number) => cut(text.toWellFormed(), most);
