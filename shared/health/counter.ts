import type { TableClient } from "@azure/data-tables";
import { changeRow } from "../storage/write-once.ts";
import { type Aside, tryToWrite, writeAside } from "./write-aside.ts";

/** The partition of the events table with the rows of health checks. */
export const HEALTH_PARTITION = "health";

/** Numbers by name. */
export type Tally = Readonly<Record<string, number>>;

type CounterOptions<Window, Columns> = Aside & {
  table: () => TableClient;
  rowKeyOf(window: Window): string;
  /** Adds counts to a row. Returns `undefined` to drop counts that are too old for the row. */
  add(row: Columns | undefined, counts: Tally, window: Window): Columns | undefined;
};

/**
 * Counts for all instances, in rows of the events table that each cover a window of time. An instance counts in
 * memory and writes at most once a minute. Counts that are not written yet are lost when the instance ends.
 */
export function openCounter<Window, Columns extends object>({
  table,
  rowKeyOf,
  add,
  ...aside
}: CounterOptions<Window, Columns>) {
  const unwritten = new Map<Window, Tally>();
  const scheduleWrite = writeAside(write, aside);

  function keep(window: Window, counts: Tally): void {
    unwritten.set(window, sum(unwritten.get(window), counts));
    scheduleWrite();
  }

  async function write(): Promise<void> {
    for (const [window, counts] of [...unwritten]) {
      unwritten.delete(window);
      const key = { partitionKey: HEALTH_PARTITION, rowKey: rowKeyOf(window) };
      const change = (row?: Columns) => add(row, counts, window);
      const isWritten = await tryToWrite((options) => changeRow<Columns>(table(), key, change, options));
      if (!isWritten) return keep(window, counts);
    }
  }

  return {
    /** Counts one more. Never fails and never waits. */
    count: (window: Window, name: string) => keep(window, { [name]: 1 }),
    /** This instance's counts that are in no row yet. */
    unwritten: unwritten as ReadonlyMap<Window, Tally>,
  };
}

/** Adds up counts by name. */
export function sum(one: Tally = {}, other: Tally = {}): Tally {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
