import type { TableClient } from "@azure/data-tables";
import * as v from "valibot";
import { AppError } from "../core/errors.ts";
import { readJson } from "../core/json.ts";
import { DAY, toIso } from "../core/time.ts";
import { TEXT_API_VERSION } from "../schemas/from-text-chat.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { changeRow } from "../storage/write-once.ts";
import { HEALTH_PARTITION, openCounter } from "./counter.ts";
import { type Aside, tryToWrite, writeAside } from "./write-aside.ts";

/** Kinds of errors that LiveChat or the connection causes. The request causes all other errors. */
const faults = v.picklist(["upstream-refused", "upstream-failed", "upstream-timeout", "too-many-requests"]);

/** The result of the last call to LiveChat, by any instance. */
const LastCall = v.object({
  /** ISO 8601. */
  at: v.string(),
  /** Absent when LiveChat carried out the call, or refused it with a reason. */
  failure: v.optional(v.object({ kind: faults, summary: v.string(), code: v.optional(v.string()) })),
});
export type LastCall = v.InferOutput<typeof LastCall>;

/** A header that announces the end of this API version, and the day in it. */
export type Lifecycle = { header: string; day: string };

export type CallLedger = ReturnType<typeof openCallLedger>;

const keyOf = (row: string) => ({ partitionKey: HEALTH_PARTITION, rowKey: `calls:${row}` });
const LAST = keyOf("last");
/** Each API version has a row, so an app that uses a newer version does not show the end of the former one. */
const LIFECYCLE = keyOf(`lifecycle:${TEXT_API_VERSION}`);
const monthKey = (month: string) => keyOf(`month:${month}`).rowKey;

/**
 * Records the results of the app's calls to LiveChat. Calls of the Text platform are billed, so health checks make no
 * calls and use this record. All instances share it, in the events table. An instance writes at most once a minute,
 * and at once when calls start or stop failing. Results that are not written are lost when the instance ends.
 */
export function openCallLedger({ table, ...aside }: Aside & { table: () => TableClient }) {
  const { now } = aside;
  let last: LastCall | undefined;
  /** When each lifecycle header was last recorded. */
  const announcedAt = new Map<string, number>();
  const monthNow = () => toIso(now()).slice(0, 7);
  const lastRow = () => ({ ...LAST, json: JSON.stringify(last) });
  const writeLast = writeAside(() => tryToWrite((options) => putRow(table(), lastRow(), options)), aside);
  const billed = openCounter<string, { calls: number }>({
    table,
    ...aside,
    rowKeyOf: monthKey,
    add: (row, { calls = 0 }) => ({ calls: (row?.calls ?? 0) + calls }),
  });

  return {
    /** Records an attempt and its error, if any. Never fails and never waits. */
    record({ status }: { status?: number }, error?: unknown): void {
      if (status !== undefined && status !== 500) billed.count(monthNow(), "calls");
      const failure = failureOf(error);
      const isNews = last === undefined || (last.failure === undefined) !== (failure === undefined);
      last = { at: toIso(now()), ...(failure && { failure }) };
      writeLast(isNews ? "now" : "soon");
    },
    /**
     * Records a lifecycle header. LiveChat may send both. `Deprecation` is the later step, so `Legacy` does not replace it.
     *
     * @returns true when the header should be logged: once a day
     */
    recordLifecycle({ header, day }: Lifecycle): boolean {
      if (now() - (announcedAt.get(header) ?? Number.NEGATIVE_INFINITY) < DAY) return false;
      announcedAt.set(header, now());
      const change = (row?: Lifecycle) =>
        row?.header === "Deprecation" && header !== "Deprecation" ? undefined : { header, day };
      void tryToWrite((options) => changeRow<Lifecycle>(table(), LIFECYCLE, change, options));
      return true;
    },
    /** The billed calls of this month (`2026-01`, in UTC): all that were answered, except with 500. */
    async thisMonth() {
      const month = monthNow();
      const row = await readRow<{ calls: number }>(table(), HEALTH_PARTITION, monthKey(month));
      return { month, calls: (row?.calls ?? 0) + (billed.unwritten.get(month)?.calls ?? 0) };
    },
    async last(): Promise<LastCall | undefined> {
      const row = await readRow<{ json: string }>(table(), LAST.partitionKey, LAST.rowKey);
      const others = row && readJson(row.json, LastCall);
      return others && others.at > (last?.at ?? "") ? others : last;
    },
    async lifecycle(): Promise<Lifecycle | undefined> {
      const row = await readRow<Lifecycle>(table(), LIFECYCLE.partitionKey, LIFECYCLE.rowKey);
      return row && { header: row.header, day: row.day };
    },
  };
}

function failureOf(error: unknown): LastCall["failure"] {
  if (!(error instanceof AppError) || !v.is(faults, error.kind)) return undefined;
  const { kind, summary, upstream } = error;
  return { kind, summary, ...(upstream?.code !== undefined && { code: upstream.code }) };
}
