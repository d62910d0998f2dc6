import type { TableClient } from "@azure/data-tables";
import { backOff } from "../core/back-off.ts";
import { SECOND, toIso } from "../core/time.ts";
import { removeOld } from "../people/place-of-rows.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, hashed } from "../storage/keys.ts";
import { createRow, type Row, readRow, readRows, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { submit } from "../storage/transaction.ts";

/** Milliseconds that a process has for an attempt. After that another process may make the next attempt. */
export const FIRST_PAUSE = 30 * SECOND;

const DUE = "due:";
/** The rows of all pending items of a partition. */
export const DUES = { from: DUE, before: after(DUE) };

/** A thing that a webhook has announced with its id only, kept in a row until it has been read from LiveChat. */
export type Pending<Item extends object> = Item & {
  /** ISO 8601, as is `dueAt`. */
  receivedAt: string;
  /** The time of the next attempt. Until then another process may be making one. */
  dueAt: string;
  /** How many attempts to read it were made, including one in progress. */
  attempts: number;
};

/**
 * The result of an attempt. `settleDue` counts it under `outcome`. With `again` the item is kept, with changes, and
 * read again at `at` (milliseconds since the epoch); without it the item is removed.
 */
export type AttemptResult<Item, Outcome> = {
  outcome?: Outcome;
  again?: { at: number; changes?: Partial<Item> };
};

type PendingOptions<Item extends object, Outcome extends string> = {
  table: TableClient;
  partitionKey: string;
  /** The kind of the items; part of their keys. */
  kind: string;
  /** The name of the rows in messages to the operator, as in `checkFormat`. */
  name: string;
  /** Every outcome with the count 0. */
  outcomes: Record<Outcome, number>;
  /** The outcome under which an item that is not due is counted. */
  idle: (item: Item) => Outcome | undefined;
  attempt(item: Pending<Item>, signal?: AbortSignal): Promise<AttemptResult<Item, Outcome>>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with the errors of first attempts. */
  onDefect?: (error: unknown) => void;
};

/**
 * Stores items that must be read later. The process that stores an item makes the first attempt, and a timer makes
 * the others. Every change of a row is conditional on its ETag, so two processes never make the same attempt.
 */
export function openPending<Item extends object, Outcome extends string>(
  options: PendingOptions<Item, Outcome>,
) {
  type PendingRow = Row<Pending<Item> & Formatted>;
  const { table, partitionKey, kind, name, now } = options;
  const keyOf = (id: string) => DUE + hashed([kind, id]);

  /** Changes a row and returns its new version; `undefined` when another process changed the row first. */
  async function change(row: PendingRow, changes: object): Promise<PendingRow | undefined> {
    const { rowKey, etag } = row;
    const outcome = await submit(table, [
      ["update", { partitionKey, rowKey, ...changes }, "Merge", { etag }],
    ]);
    return outcome.committed ? { ...row, ...changes, etag: outcome.etags[0] ?? "" } : undefined;
  }

  /** Makes an attempt for a row that this process has reserved. */
  async function settleRow(row: PendingRow, signal?: AbortSignal) {
    const { outcome, again } = await options.attempt(row, signal);
    if (again) await change(row, { ...again.changes, dueAt: toIso(again.at) });
    else await removeRow(table, partitionKey, row.rowKey);
    return outcome;
  }

  async function claim(found: PendingRow, end: number): Promise<Outcome | undefined> {
    const next = { attempts: found.attempts + 1, dueAt: toIso(now() + FIRST_PAUSE) };
    const row = await change(found, next);
    return row && settleRow(row, AbortSignal.timeout(Math.max(1, end - now())));
  }

  return {
    /** Stores an item durably; `false` when it was stored before. @throws {StorageUnavailable} */
    async keep(id: string, item: Item): Promise<boolean> {
      const times = { receivedAt: toIso(now()), dueAt: toIso(now() + FIRST_PAUSE), attempts: 1 };
      const row = { partitionKey, rowKey: keyOf(id), format: FORMAT, ...item, ...times };
      return (await createRow(table, row)) !== undefined;
    },

    /** Forgets an item whose event is in the log. @throws {StorageUnavailable} */
    async forget(id: string): Promise<void> {
      await removeRow(table, partitionKey, keyOf(id));
    },

    /** Makes the first attempt, in the process that stored the item. Never fails: a timer makes the next attempt. */
    async settle(id: string): Promise<void> {
      try {
        const row: PendingRow | undefined = await readRow(table, partitionKey, keyOf(id));
        if (row) await settleRow(checkFormat(row, name));
      } catch (error) {
        options.onDefect?.(error);
      }
    },

    /** Makes an attempt for each item that is due; with `all`, for every item. */
    async settleDue({
      budgetMs,
      all = false,
    }: {
      budgetMs: number;
      all?: boolean;
    }): Promise<Record<Outcome, number>> {
      const end = now() + budgetMs;
      const settled = { ...options.outcomes };
      for await (const found of readRows<Pending<Item> & Formatted>(table, partitionKey, DUES)) {
        checkFormat(found, name);
        const isDue = found.dueAt <= toIso(now()) || all;
        const outcome = isDue && now() < end ? await claim(found, end) : options.idle(found);
        if (outcome) settled[outcome]++;
      }
      return settled;
    },
  };
}

/** The rows of pending items, for erasure and for retention by age. */
export function pendingRows<Item extends object>(
  table: TableClient,
  partitionKey: string,
  /** ISO 8601: older rows are removed; all are kept when it is absent. */
  removeBefore: () => string | undefined,
) {
  const rows = (after: string) => scanRows<Pending<Item>>(table, partitionKey, { ...DUES, after });
  return {
    rows,
    retain: (after: string) =>
      removeOld(rows(after), removeBefore(), ({ rowKey, etag }) =>
        removeRow(table, partitionKey, rowKey, { etag }),
      ),
  };
}

/** Milliseconds before the next attempt. The pause begins at {@link FIRST_PAUSE} and doubles. */
export const pauseAfter = (attempts: number, longest: number) =>
  backOff(attempts, { first: FIRST_PAUSE, longest }, 1);
