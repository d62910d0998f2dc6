import type { TableClient } from "@azure/data-tables";
import { AppError } from "../core/errors.ts";
import { DAY, SECOND, toIso } from "../core/time.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { HEALTH_PARTITION, openCounter } from "./counter.ts";
import { type Aside, writeAside } from "./write-aside.ts";

/** The result of the last call to LiveChat, by any instance. */
export type LastCall = {
  /** ISO 8601. */
  at: string;
  /** Absent when LiveChat carried out the call, or refused it with a reason. */
  failure?: { kind: AppError["kind"]; summary: string; code?: string };
};

/** A header with which LiveChat announces the end of this API version, and its day. */
export type Lifecycle = { header: string; day: string };

export type CallLedger = ReturnType<typeof openCallLedger>;

const LAST = "calls:last";
const LIFECYCLE = "calls:lifecycle";
const monthKey = (month: string) => `calls:month:${month}`;

const LEDGER_TIMEOUT = 2 * SECOND;

/**
 * Records the results of the app's calls to LiveChat. Calls of the Text platform are billed, so health checks make no
 * calls and use this record. All instances share it, in the events table. An instance writes at most once a minute,
 * and at once when calls start or stop failing. Results that are not written are lost when the instance ends.
 */
export function openCallLedger({ table, ...aside }: Aside & { table: () => TableClient }) {
  const { now } = aside;
  let last: LastCall | undefined;
  let saidAt = Number.NEGATIVE_INFINITY;
  const monthNow = () => toIso(now()).slice(0, 7);
  const writeLast = writeAside(() => tryToWrite(LAST, { json: JSON.stringify(last) }), aside);
  const billed = openCounter<string, { calls: number }>({
    table,
    ...aside,
    rowKeyOf: monthKey,
    add: (row, { calls = 0 }) => ({ calls: (row?.calls ?? 0) + calls }),
  });

  async function tryToWrite(rowKey: string, columns: object): Promise<void> {
    try {
      const row = { partitionKey: HEALTH_PARTITION, rowKey, ...columns };
      await putRow(table(), row, { signal: AbortSignal.timeout(LEDGER_TIMEOUT) });
    } catch {
      // No caller awaits the write, and a lost result must not end the process.
    }
  }

  return {
    /** Records an attempt and its error, if any. Never fails and never waits. */
    note({ status }: { status?: number }, error?: unknown): void {
      if (status !== undefined && status !== 500) billed.count(monthNow(), "calls");
      const failure = failureOf(error);
      const isNews = last === undefined || (last.failure === undefined) !== (failure === undefined);
      last = { at: toIso(now()), ...(failure && { failure }) };
      writeLast(isNews ? "now" : "soon");
    },
    /** Records a lifecycle header. Returns true once a day, when it should be logged. */
    noteLifecycle({ header, day }: Lifecycle): boolean {
      if (now() - saidAt < DAY) return false;
      saidAt = now();
      void tryToWrite(LIFECYCLE, { header, day });
      return true;
    },
    /** The billed calls of this month (`2026-01`, in UTC): all that were answered, except with 500. */
    async thisMonth() {
      const month = monthNow();
      const row = await readRow<{ calls: number }>(table(), HEALTH_PARTITION, monthKey(month));
      return { month, calls: (row?.calls ?? 0) + (billed.unwritten.get(month)?.calls ?? 0) };
    },
    async last(): Promise<LastCall | undefined> {
      const row = await readRow<{ json: string }>(table(), HEALTH_PARTITION, LAST);
      const others = row && (JSON.parse(row.json) as LastCall);
      return others && others.at > (last?.at ?? "") ? others : last;
    },
    async lifecycle(): Promise<Lifecycle | undefined> {
      const row = await readRow<Lifecycle>(table(), HEALTH_PARTITION, LIFECYCLE);
      return row && { header: row.header, day: row.day };
    },
  };
}

/** Kinds of errors that LiveChat or the connection causes. The request causes all other errors. */
const OF_LIVECHAT = ["upstream-refused", "upstream-failed", "upstream-timeout", "too-many-requests"];

function failureOf(error: unknown): LastCall["failure"] {
  if (!(error instanceof AppError) || !OF_LIVECHAT.includes(error.kind)) return undefined;
  const { kind, summary, upstream } = error;
  return { kind, summary, ...(upstream?.code !== undefined && { code: upstream.code }) };
}
