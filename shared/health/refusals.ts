import type { TableClient } from "@azure/data-tables";
import * as v from "valibot";
import { AppError } from "../core/errors.ts";
import { readJson } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import { MINUTE } from "../core/time.ts";
import { NoCredentials } from "../receive/verify-sender.ts";
import type { EventType } from "../schemas/webhook.ts";
import { readRows } from "../storage/rows.ts";
import { HEALTH_PARTITION, openCounter, sum, type Tally } from "./counter.ts";
import type { Aside } from "./write-aside.ts";

/** Why deliveries are refused: kinds of errors, and `no-credentials` for a 401 to a call without any. */
export const REFUSAL_REASONS = [
  "no-credentials",
  "unauthorized",
  "forbidden",
  "invalid-input",
  "too-large",
  "unsupported-media-type",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
export type RefusalCounts = Partial<Record<RefusalReason, number>>;

/** The reason for a refusal; `undefined` for an error of this app, after which the sender repeats the delivery. */
export function refusalReason(error: unknown): RefusalReason | undefined {
  if (error instanceof NoCredentials) return "no-credentials";
  return REFUSAL_REASONS.find((reason) => error instanceof AppError && error.kind === reason);
}

/** The `User-Agent` of the app's own check of its receivers, which is not a delivery. */
export const PROBE_AGENT = "livechat-functions-probe";

export type Refusals = ReturnType<typeof openRefusals>;

/**
 * Counts are stored by windows of five minutes. Thirteen windows cover an hour; a window reuses the row of the window
 * 65 minutes earlier.
 */
const COUNT_WINDOW = 5 * MINUTE;
const COUNT_WINDOWS = 13;

const Counts = v.record(v.string(), v.number());
type WindowRow = {
  /** Its start, in milliseconds since the epoch. */
  window: number;
  /** JSON of {@link Counts}. */
  counts: string;
};

/** Counts the refused deliveries of all instances, because their events will be missing. */
export function openRefusals({ table, ...aside }: Aside & { table: () => TableClient }) {
  const { now } = aside;
  const lines = new Map<string, { at: number; unsaid: number }>();
  const windowNow = () => now() - (now() % COUNT_WINDOW);
  const oldestWindow = () => windowNow() - (COUNT_WINDOWS - 1) * COUNT_WINDOW;
  const counter = openCounter<number, WindowRow>({
    table,
    ...aside,
    rowKeyOf: (window) => slotKey((window / COUNT_WINDOW) % COUNT_WINDOWS),
    add(row, counts, window) {
      // The row may already be used for a later window: by an instance whose clock is ahead, or after storage failed.
      if (window < oldestWindow() || (row && row.window > window)) return undefined;
      const total = row?.window === window ? sum(parseCounts(row), counts) : counts;
      return { window, counts: JSON.stringify(total) };
    },
  });

  return {
    /**
     * Counts a refusal. Writes a log line at most once a minute for each type and reason. Never fails and never
     * waits.
     */
    record({ type, reason }: { type: EventType | "text_chat"; reason: RefusalReason }, log: Log): void {
      counter.count(windowNow(), reason);
      const key = `${type} ${reason}`;
      const line = lines.get(key);
      if (line && now() - line.at < MINUTE) {
        line.unsaid++;
        return;
      }
      log("delivery refused", { type, outcome: reason, ...(line?.unsaid && { others: line.unsaid }) });
      lines.set(key, { at: now(), unsaid: 0 });
    },
    /** The counts of all instances. @throws {StorageUnavailable} */
    async lastHour(): Promise<RefusalCounts> {
      const range = { from: slotKey(0), before: `${slotKey(COUNT_WINDOWS - 1)}~` };
      const rows = await Array.fromAsync(readRows<WindowRow>(table(), HEALTH_PARTITION, range));
      const written = rows.map((row) => [row.window, parseCounts(row)] as const);
      return [...written, ...counter.unwritten]
        .filter(([window]) => window >= oldestWindow())
        .reduce((total, [, counts]) => sum(total, counts), {});
    },
  };
}

const slotKey = (slot: number) => `refused:${String(slot).padStart(2, "0")}`;

const parseCounts = ({ counts }: WindowRow): Tally => readJson(counts, Counts) ?? {};
