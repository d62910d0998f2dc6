import type { TableClient } from "@azure/data-tables";
import type { Log } from "../core/log.ts";
import { MINUTE } from "../core/time.ts";
import type { EventType } from "../schemas/webhook.ts";
import { readRows } from "../storage/rows.ts";
import { changeRow } from "../storage/write-once.ts";
import type { RefusalReason } from "./refusal-reason.ts";

export type RefusalCounts = Partial<Record<RefusalReason, number>>;

export type Refusals = ReturnType<typeof openRefusals>;

const HEALTH_PARTITION = "health";
/**
 * Counts are stored by windows of five minutes. Thirteen windows cover an hour; a window reuses the row of the window
 * 65 minutes earlier.
 */
const COUNT_WINDOW = 5 * MINUTE;
const COUNT_WINDOWS = 13;
const WRITE_TIMEOUT = 2_000;

type WindowRow = {
  /** Its start, in milliseconds since the epoch. */
  window: number;
  /** JSON. */
  counts: string;
};

/**
 * Counts the refused deliveries of all instances, because their events will be missing. The counts are in thirteen
 * rows of the events table. An instance writes at most once a minute for any number of calls. Counts that are not
 * written yet are lost when the instance ends.
 */
export function openRefusals({
  table,
  now = Date.now,
  later = (run, milliseconds) => void setTimeout(run, milliseconds).unref(),
}: {
  table: () => TableClient;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Calls a function after some milliseconds, without keeping the process alive. */
  later?: (run: () => void, milliseconds: number) => void;
}) {
  /** Counts that are not written yet, by the start of their window. */
  const pending = new Map<number, RefusalCounts>();
  const lines = new Map<string, { at: number; unsaid: number }>();
  let lastWrite = Number.NEGATIVE_INFINITY;
  let scheduled = false;
  const windowNow = () => now() - (now() % COUNT_WINDOW);

  return {
    /**
     * Counts a refusal. Writes a log line at most once a minute for each type and reason. Never fails and never
     * waits.
     */
    note({ type, reason }: { type: EventType | "text_chat"; reason: RefusalReason }, log: Log): void {
      keep(windowNow(), { [reason]: 1 });
      say(type, reason, log);
      schedule();
    },
    /** The counts of all instances. @throws {StorageUnavailable} */
    async lastHour(): Promise<RefusalCounts> {
      const oldest = windowNow() - (COUNT_WINDOWS - 1) * COUNT_WINDOW;
      const range = { from: slotKey(0), before: `${slotKey(COUNT_WINDOWS - 1)}~` };
      const rows = await Array.fromAsync(readRows<WindowRow>(table(), HEALTH_PARTITION, range));
      const written = rows.map((row) => [row.window, read(row)] as const);
      return [...written, ...pending]
        .filter(([window]) => window >= oldest)
        .reduce((total, [, counts]) => sum(total, counts), {});
    },
  };

  function keep(window: number, counts: RefusalCounts): void {
    pending.set(window, sum(pending.get(window) ?? {}, counts));
  }

  function say(type: string, reason: RefusalReason, log: Log): void {
    const key = `${type} ${reason}`;
    const line = lines.get(key);
    if (line && now() - line.at < MINUTE) {
      line.unsaid++;
      return;
    }
    log("delivery refused", { type, outcome: reason, ...(line?.unsaid && { others: line.unsaid }) });
    lines.set(key, { at: now(), unsaid: 0 });
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    later(write, Math.max(0, lastWrite + MINUTE - now()));
  }

  async function write(): Promise<void> {
    lastWrite = now();
    for (const [window, counts] of [...pending]) {
      pending.delete(window);
      // No caller awaits this promise, and a lost count must not end the process.
      const written = await add(window, counts).catch(() => false);
      if (!written) keep(window, counts);
    }
    scheduled = false;
    // When storage is not available for long, counts older than an hour are dropped.
    const oldest = now() - COUNT_WINDOWS * COUNT_WINDOW;
    for (const window of pending.keys()) if (window < oldest) pending.delete(window);
    if (pending.size > 0) schedule();
  }

  async function add(window: number, counts: RefusalCounts): Promise<boolean> {
    const key = { partitionKey: HEALTH_PARTITION, rowKey: slotKey((window / COUNT_WINDOW) % COUNT_WINDOWS) };
    const change = (row?: WindowRow) => {
      // Another instance, whose clock is ahead, already uses the row for a later window.
      if (row && row.window > window) return undefined;
      const total = row?.window === window ? sum(read(row), counts) : counts;
      return { window, counts: JSON.stringify(total) };
    };
    return changeRow<WindowRow>(table(), key, change, { signal: AbortSignal.timeout(WRITE_TIMEOUT) });
  }
}

const slotKey = (slot: number) => `refused:${String(slot).padStart(2, "0")}`;

const read = ({ counts }: WindowRow) => JSON.parse(counts) as RefusalCounts;

function sum(one: RefusalCounts, other: RefusalCounts): RefusalCounts {
  const total: RefusalCounts = { ...one };
  for (const [reason, count] of Object.entries(other) as [RefusalReason, number][]) {
    total[reason] = (total[reason] ?? 0) + count;
  }
  return total;
}
