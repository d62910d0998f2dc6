import type { TableClient } from "@azure/data-tables";
import { SECOND, toIso } from "../core/time.ts";
import { compare } from "../core/values.ts";
import { backOff } from "../core/wait.ts";
import { removeOld } from "../people/place-of-rows.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { hashed, withPrefix } from "../storage/keys.ts";
import { createRow, type Row, readRow, readRows, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { submit } from "../storage/transaction.ts";

/** Milliseconds from the start of an attempt to the next one, which any process may make. */
export const FIRST_PAUSE = 30 * SECOND;

const DUE = "due:";
/** The rows of all pending items of a partition. */
export const ALL_PENDING = withPrefix(DUE);

/** An item that a webhook announced with its id only. Its row exists until the item has been read from LiveChat. */
export type Pending<Item extends object> = Item & {
  /** ISO 8601, like `dueAt`. */
  receivedAt: string;
  /** The time of the next attempt. Until then another process may be making an attempt. */
  dueAt: string;
  /** How many attempts to read the item were made, including one in progress. */
  attempts: number;
};

/**
 * The result of an attempt. `settleDue` counts the item under `outcome`. With `again` the item is kept, with changes,
 * and read again at `at` (milliseconds since the epoch). Without `again` the item is removed.
 */
export type AttemptResult<Item, Outcome> = {
  outcome?: Outcome;
  again?: { at: number; changes?: Partial<Item> };
};

/** With `all`, attempts are made for items that are not due too. No attempt begins after `budgetMs` milliseconds. */
type SettleOptions = { budgetMs: number; all?: boolean };

type PendingOptions<Item extends object, Outcome extends string> = {
  table: TableClient;
  partitionKey: string;
  /** The kind of the items. Their keys include it. */
  kind: string;
  /** The name of the rows in messages to the operator, as in `checkFormat`. */
  name: string;
  /** Every outcome with the count 0. */
  outcomes: Record<Outcome, number>;
  /** The outcome of an item that stays as it is: it is not due, or its attempt has failed. */
  waitingAs: (item: Item) => Outcome | undefined;
  attempt(item: Pending<Item>, signal?: AbortSignal): Promise<AttemptResult<Item, Outcome>>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with an error of a first attempt. */
  onDefect?: (error: unknown) => void;
};

/**
 * Stores items that must be read later. The process that stores an item makes the first attempt, and a timer makes
 * the others. Every attempt of the timer reserves its row first. An attempt that takes longer than {@link FIRST_PAUSE}
 * may overlap with the next one. That is harmless, because the log stores an event once.
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
    if (!again) {
      await removeRow(table, partitionKey, row.rowKey);
      return outcome;
    }
    await change(row, { ...again.changes, dueAt: toIso(again.at) });
    return outcome ?? options.waitingAs(row);
  }

  /** Reserves a row that is due, and makes the next attempt for it. */
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

    /**
     * Makes an attempt for each item that is due; with `all`, for every item. The item that was due first comes first,
     * so new items cannot hold back older ones. Attempts run one at a time, because the client sends one background
     * call to LiveChat at a time.
     */
    async settleDue({ budgetMs, all = false }: SettleOptions): Promise<Record<Outcome, number>> {
      const end = now() + budgetMs;
      const settled = { ...options.outcomes };
      const rows: PendingRow[] = await Array.fromAsync(readRows(table, partitionKey, ALL_PENDING));
      for (const found of rows.sort((one, other) => compare(one.dueAt, other.dueAt))) {
        checkFormat(found, name);
        const isDue = found.dueAt <= toIso(now()) || all;
        const outcome = isDue && now() < end ? await claim(found, end) : options.waitingAs(found);
        if (outcome) settled[outcome]++;
      }
      return settled;
    },
  };
}

/**
 * The rows of pending items, for erasure and for retention by age.
 *
 * @param removeBefore ISO 8601: older rows are removed; all rows are kept when it is absent
 */
export function pendingRows<Item extends object>(
  table: TableClient,
  partitionKey: string,
  removeBefore: () => string | undefined,
) {
  const rows = (after: string) => scanRows<Pending<Item>>(table, partitionKey, { ...ALL_PENDING, after });
  return {
    rows,
    retain: (after: string) =>
      removeOld(rows(after), removeBefore(), ({ rowKey, etag }) =>
        removeRow(table, partitionKey, rowKey, { etag }),
      ),
  };
}

/** Milliseconds before the next attempt. The pause begins with {@link FIRST_PAUSE} and doubles with each attempt. */
export function pauseAfter(attempts: number, longest: number): number {
  return backOff(attempts, { first: FIRST_PAUSE, longest }, 1);
}
