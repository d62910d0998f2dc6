import type { TableClient } from "@azure/data-tables";
import type { EventLog } from "../event-log/types.ts";
import { peopleIn } from "../people/people-in.ts";
import type { DataPlace } from "../people/place.ts";
import { after as behind } from "../storage/keys.ts";
import { type Row, removeRow } from "../storage/rows.ts";
import { scan } from "../storage/scan.ts";
import { ATTEMPT, type AttemptColumns, PARTITION, seqOfAttempt, toFailedAttempt } from "./attempts.ts";
import { ATTEMPTS_KEPT_MS } from "./times.ts";

export type AttemptsPlaceOptions = {
  /** The table of the subscriptions. */
  table: TableClient;
  log: Pick<EventLog, "list">;
  /** Called before erasures end: pages of the log that were read must not be sent any more. */
  onErase?: () => Promise<void>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

const ATTEMPTS = { from: ATTEMPT, before: behind(ATTEMPT) };

/**
 * The failed attempts to deliver. What a callback answered may repeat what it was sent, so attempts are their event's
 * person's. Events are erased before: here goes what belongs to a tombstone, or to an event that is gone.
 */
export function attemptsPlace({ table, log, onErase, now }: AttemptsPlaceOptions): DataPlace {
  async function* attempts(after: string) {
    let looked: { seq: number; event: Awaited<ReturnType<typeof eventAt>> } | undefined;
    for await (const rows of scan<AttemptColumns>(table, PARTITION, { ...ATTEMPTS, after })) {
      for (const row of rows) {
        const seq = seqOfAttempt(row.rowKey ?? "");
        if (looked?.seq !== seq) looked = { seq, event: await eventAt(seq) };
        yield { after: row.rowKey ?? "", row, event: looked.event };
      }
    }
  }

  async function eventAt(seq: number) {
    const { items } = await log.list({ after: seq - 1, limit: 1 });
    return items.find((event) => event.seq === seq);
  }

  async function* eraseOrphans(after: string) {
    await onErase?.();
    for await (const { after: at, row, event } of attempts(after)) {
      yield { after: at, erased: (!event || "erased" in event) && (await remove(row)) ? 1 : 0 };
    }
  }

  async function remove({ rowKey = "" }: Row<AttemptColumns>): Promise<boolean> {
    return removeRow(table, PARTITION, rowKey);
  }

  return {
    name: "attempts",
    erase: (_, after) => eraseOrphans(after),
    eraseChat: (_, after) => eraseOrphans(after),
    async *search({ email }, after) {
      for await (const { after: at, row, event } of attempts(after)) {
        const isTheirs = event && "payload" in event && peopleIn(event.payload).includes(email);
        yield { after: at, items: isTheirs ? [toFailedAttempt(row)] : [] };
      }
    },
    async *retain(after) {
      const before = new Date(now() - ATTEMPTS_KEPT_MS).toISOString();
      for await (const rows of scan<AttemptColumns>(table, PARTITION, { ...ATTEMPTS, after })) {
        let removed = 0;
        for (const row of rows) if (row.at < before && (await remove(row))) removed++;
        yield { after: rows.at(-1)?.rowKey ?? "", removed };
      }
    },
  };
}
