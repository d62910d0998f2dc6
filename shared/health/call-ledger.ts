import type { TableClient } from "@azure/data-tables";
import { AppError } from "../core/errors.ts";
import { DAY, MINUTE, SECOND, toIso } from "../core/time.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { changeRow } from "../storage/write-once.ts";

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

const PARTITION = "health";
const LAST = "calls:last";
const LIFECYCLE = "calls:lifecycle";
const monthKey = (month: string) => `calls:month:${month}`;

const LEDGER_TIMEOUT = 2 * SECOND;

/**
 * Records the results of the app's calls to LiveChat. Calls of the Text platform are billed, so health checks make no
 * calls and use this record. All instances share it, in the events table. An instance writes at most once a minute,
 * and at once when calls start or stop failing. Results that are not written are lost when the instance ends.
 */
export function openCallLedger({
  table,
  now,
  later = (run, milliseconds) => void setTimeout(run, milliseconds).unref(),
}: {
  table: () => TableClient;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Calls a function after some milliseconds, without keeping the process alive. */
  later?: (run: () => void, milliseconds: number) => void;
}) {
  /** Billed calls that are not written yet, by month. */
  const pending = new Map<string, number>();
  let last: LastCall | undefined;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let scheduled = false;
  let saidAt = Number.NEGATIVE_INFINITY;
  const monthOf = () => toIso(now()).slice(0, 7);

  return {
    /** Records an attempt and its error, if any. Never fails and never waits. */
    note({ status }: { status?: number }, error?: unknown): void {
      const month = monthOf();
      if (status !== undefined && status !== 500) pending.set(month, (pending.get(month) ?? 0) + 1);
      const failure = failureOf(error);
      const isNews = last === undefined || (last.failure === undefined) !== (failure === undefined);
      last = { at: toIso(now()), ...(failure && { failure }) };
      if (scheduled && !isNews) return;
      scheduled = true;
      later(write, isNews ? 0 : Math.max(0, writtenAt + MINUTE - now()));
    },
    /** Records a lifecycle header. Returns true once a day, when it should be logged. */
    noteLifecycle({ header, day }: Lifecycle): boolean {
      if (now() - saidAt < DAY) return false;
      saidAt = now();
      const row = { partitionKey: PARTITION, rowKey: LIFECYCLE, header, day };
      putRow(table(), row, { signal: AbortSignal.timeout(LEDGER_TIMEOUT) }).catch(() => undefined);
      return true;
    },
    /** The billed calls of this month (`2026-01`, in UTC): all that were answered, except with 500. */
    async thisMonth() {
      const month = monthOf();
      const row = await readRow<{ calls: number }>(table(), PARTITION, monthKey(month));
      return { month, calls: (row?.calls ?? 0) + (pending.get(month) ?? 0) };
    },
    async last(): Promise<LastCall | undefined> {
      const row = await readRow<{ json: string }>(table(), PARTITION, LAST);
      const others = row && (JSON.parse(row.json) as LastCall);
      return others && others.at > (last?.at ?? "") ? others : last;
    },
    async lifecycle(): Promise<Lifecycle | undefined> {
      const row = await readRow<Lifecycle>(table(), PARTITION, LIFECYCLE);
      return row && { header: row.header, day: row.day };
    },
  };

  async function write(): Promise<void> {
    writtenAt = now();
    scheduled = false;
    const signal = AbortSignal.timeout(LEDGER_TIMEOUT);
    const row = { partitionKey: PARTITION, rowKey: LAST, json: JSON.stringify(last) };
    await putRow(table(), row, { signal }).catch(() => undefined);
    for (const [month, calls] of [...pending]) {
      pending.delete(month);
      const key = { partitionKey: PARTITION, rowKey: monthKey(month) };
      const add = (row = { calls: 0 }) => ({ calls: row.calls + calls });
      const isWritten = await changeRow(table(), key, add, { signal }).catch(() => false);
      if (!isWritten) pending.set(month, (pending.get(month) ?? 0) + calls);
    }
  }
}

/** Kinds of errors that say something of LiveChat or of the way to it. Others are about the request. */
const OF_LIVECHAT = ["upstream-refused", "upstream-failed", "upstream-timeout", "too-many-requests"];

function failureOf(error: unknown): LastCall["failure"] {
  if (!(error instanceof AppError) || !OF_LIVECHAT.includes(error.kind)) return undefined;
  const { kind, summary, upstream } = error;
  return { kind, summary, ...(upstream?.code !== undefined && { code: upstream.code }) };
}
