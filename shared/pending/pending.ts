import type { TableClient } from "@azure/data-tables";
import { backOff } from "../core/back-off.ts";
import { SECOND, toIso } from "../core/time.ts";
import { removeOld } from "../people/place-of-rows.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, hashed } from "../storage/keys.ts";
import { createRow, type Row, readRow, readRows, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import { submit } from "../storage/transaction.ts";

/** How long one process has for an attempt, before another may make the next. In milliseconds. */
export const FIRST_PAUSE = 30 * SECOND;

const DUE = "due:";
/** The rows of all pending items of a partition. */
export const DUES = { from: DUE, before: after(DUE) };

/** A thing that a webhook has announced with its id only, kept in a row until it has been read from LiveChat. */
export type Pending<Item extends object> = Item & {
  /** ISO 8601, as is `dueAt`. */
  receivedAt: string;
  /** Before this nothing is done: another process may be at it. */
  dueAt: string;
  /** How often it was read, the attempt that is under way included. */
  attempts: number;
};

/**
 * What comes of an attempt, by the name that `settleDue` counts it under. With `again` the item is kept, with changes,
 * and read again at that time (milliseconds since the epoch); else it is forgotten.
 */
export type Attempt<Item, Outcome> = { outcome?: Outcome; again?: { at: number; changes?: Partial<Item> } };

type PendingOptions<Item extends object, Outcome extends string> = {
  table: TableClient;
  partitionKey: string;
  /** The kind of thing whose ids these are; part of the keys. */
  kind: string;
  /** Names the rows to the operator, as in `checkFormat`. */
  name: string;
  /** The outcomes that are counted, at 0. */
  outcomes: Record<Outcome, number>;
  /** What an item that is not due yet counts as. */
  idle: (item: Item) => Outcome | undefined;
  attempt(item: Pending<Item>, signal?: AbortSignal): Promise<Attempt<Item, Outcome>>;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with the errors of first attempts. */
  onDefect?: (error: unknown) => void;
};

/**
 * Keeps what must be read later. The process that keeps an item makes the first attempt, and a timer the others. One
 * attempt at a time: to change a row takes its ETag.
 */
export function openPending<Item extends object, Outcome extends string>(
  options: PendingOptions<Item, Outcome>,
) {
  type PendingRow = Row<Pending<Item> & Formatted>;
  const { table, partitionKey, kind, name, now } = options;
  const keyOf = (id: string) => DUE + hashed([kind, id]);

  /** Changes a row unless another process has changed it; its new version, or `undefined`. */
  async function change(row: PendingRow, changes: object): Promise<PendingRow | undefined> {
    const { rowKey, etag } = row;
    const outcome = await submit(table, [
      ["update", { partitionKey, rowKey, ...changes }, "Merge", { etag }],
    ]);
    return outcome.committed ? { ...row, ...changes, etag: outcome.etags[0] ?? "" } : undefined;
  }

  /** Makes an attempt for a row that is ours for now. */
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
    /** Keeps an item. When this resolves, it is durable. `false` when it was kept before. @throws {StorageUnavailable} */
    async keep(id: string, item: Item): Promise<boolean> {
      const times = { receivedAt: toIso(now()), dueAt: toIso(now() + FIRST_PAUSE), attempts: 1 };
      const row = { partitionKey, rowKey: keyOf(id), format: FORMAT, ...item, ...times };
      return (await createRow(table, row)) !== undefined;
    },

    /** Forgets an item whose event is in the log. @throws {StorageUnavailable} */
    async forget(id: string): Promise<void> {
      await removeRow(table, partitionKey, keyOf(id));
    },

    /** The first attempt, by the process that kept it. Never fails: a timer makes the next. */
    async settle(id: string): Promise<void> {
      try {
        const row: PendingRow | undefined = await readRow(table, partitionKey, keyOf(id));
        if (row) await settleRow(checkFormat(row, name));
      } catch (error) {
        options.onDefect?.(error);
      }
    },

    /** Goes on with those that are due; with `all`, with every one that is kept. */
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

/** The rows of pending items as a place of people's data, which retention removes by their age. */
export function pendingRows<Item extends object>(
  table: TableClient,
  partitionKey: string,
  /** ISO 8601; they are kept when it is absent. */
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

/** The pause after so many attempts, in milliseconds: it doubles, from {@link FIRST_PAUSE}. */
export const pauseAfter = (attempts: number, longest: number) =>
  backOff(attempts, { first: FIRST_PAUSE, longest }, 1);
