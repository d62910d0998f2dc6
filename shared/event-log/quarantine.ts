import type { TransactionAction } from "@azure/data-tables";
import { InvalidInput } from "../core/errors.ts";
import { cut } from "../core/text.ts";
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
  submitWithParts,
  toBody,
  uploadBody,
} from "./bodies.ts";
import { inTime } from "./in-time.ts";
import { isId, QUARANTINED, quarantineIdOf, quarantineKey } from "./keys.ts";
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
const MAX_REASON_CHARACTERS = 1000;
const MAX_STORED_PROBLEMS = 50;
const MAX_PROBLEM_CHARACTERS = 200;
const MAX_COUNT = 1000;
/** The maximum number of entries that are searched for one page of a reason. */
const MAX_SEARCHED = 5_000;
/** The columns of an entry without its body. */
const ENTRY_COLUMNS = ["rowKey", "format", "expected", "reason", "problems", "receivedAt"];
/** Each row may contain a body. */
const ENTRIES_PER_REQUEST = 100;

/** The rows of the quarantine, in the order of their ids. */
export const quarantineRows = (store: Store, range: Partial<Scan>) =>
  scanRows<QuarantineRow>(store.table, store.partitionKey, {
    ...QUARANTINED,
    window: ENTRIES_PER_REQUEST,
    ...range,
  });

type QuarantineQuery = { limit?: number; cursor?: string; reason?: string };

/** Opens the quarantine: authenticated deliveries that the app could not read. */
export function openQuarantine(
  store: Store,
  { append, now, timeLimit }: { append: Append; now: () => number; timeLimit: number },
) {
  const { table, partitionKey } = store;

  async function keep({ raw, expected, reason, problems }: NewQuarantined, signal: AbortSignal) {
    // Equal bodies have the same row, so a repetition after a lost answer finds the row.
    const id = hashed([expected, raw]);
    const rowKey = quarantineKey(id);
    if (await readRow(table, partitionKey, rowKey, { select: ["rowKey"], signal })) return { id };
    const body = await toBody(raw);
    const stored = problems.slice(0, MAX_STORED_PROBLEMS).map(({ path, message }) => {
      return { path: cut(path, MAX_PROBLEM_CHARACTERS), message: cut(message, MAX_PROBLEM_CHARACTERS) };
    });
    const row = {
      partitionKey,
      rowKey,
      format: FORMAT,
      expected,
      reason: cut(reason, MAX_REASON_CHARACTERS),
      problems: JSON.stringify(stored),
      // Must be read after an answer of storage: the first answer corrects a wrong clock.
      receivedAt: toIso(now()),
      ...body.properties,
    };
    const actions: TransactionAction[] = [...commitBody(partitionKey, id, body.properties), ["create", row]];
    for (;;) {
      await uploadBody(store, id, body, { signal });
      const outcome = await submit(table, actions, { signal });
      // Retention may remove the body's rows before the transaction. They are then uploaded again.
      if (outcome.committed || outcome.reason === "exists") return { id };
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
    /** A page of the entries, or only of one reason, in the order of their ids. `next` is missing at the end. */
    async list(query: QuarantineQuery = {}): Promise<{ items: Quarantined[]; next?: string }> {
      const { limit = 100, cursor, reason } = query;
      if (cursor !== undefined && !isId(cursor)) {
        throw InvalidInput.at("cursor", "cursor must be the next of an earlier page, unchanged.");
      }
      const from = cursor === undefined ? QUARANTINED.from : quarantineKey(cursor);
      const items: Quarantined[] = [];
      let seen = 0;
      const window = reason === undefined ? Math.min(limit + 1, ENTRIES_PER_REQUEST) : ENTRIES_PER_REQUEST;
      for await (const row of quarantineRows(store, { from, select: ENTRY_COLUMNS, window })) {
        const entry = toEntry(row);
        if (items.length === limit || seen === MAX_SEARCHED) return { items, next: entry.id };
        if (reason === undefined || entry.reason === reason) items.push(entry);
        seen++;
      }
      return { items };
    },
    /** Counts the entries up to 1,000; `more` is true when there are more. */
    async count(): Promise<{ count: number; more: boolean }> {
      let count = 0;
      for await (const _ of quarantineRows(store, { select: ["rowKey"] })) {
        if (++count > MAX_COUNT) return { count: MAX_COUNT, more: true };
      }
      return { count, more: false };
    },
    /**
     * Reads an entry again. An entry that is understood now is appended to the log as an event, and removed. When the
     * process dies between the two steps, a repetition finds the event in the log. `undefined` without such an entry.
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
  return (await submitWithParts(store, [{ action, parts }])) > 0;
}

/** The fields of a quarantined delivery without its body. */
export function toEntry(row: Row<QuarantineRow>): Quarantined {
  const { rowKey, expected, reason, problems, receivedAt } = checkFormat(row, "quarantine");
  return { id: quarantineIdOf(rowKey), expected, reason, problems: JSON.parse(problems), receivedAt };
}
