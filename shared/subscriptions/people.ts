import type { TableClient } from "@azure/data-tables";
import { toIso } from "../core/time.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { LogEvent } from "../event-log/types.ts";
import { peopleIn } from "../people/people-in.ts";
import type { DataPlace } from "../people/place.ts";
import { removeWhere } from "../people/place-of-rows.ts";
import { withPrefix } from "../storage/keys.ts";
import { type Row, removeRow } from "../storage/rows.ts";
import { scanRows } from "../storage/scan.ts";
import {
  ATTEMPT,
  ATTEMPTS_PARTITION,
  type AttemptColumns,
  seqOfAttempt,
  toFailedAttempt,
} from "./attempts.ts";
import { ATTEMPTS_KEPT_MS } from "./times.ts";

type AttemptsPlaceOptions = {
  /** The table of the subscriptions. */
  table: TableClient;
  log: Pick<EventLog, "list">;
  /** Called after the events were erased: the dispatcher must not send events that it read before. */
  onErase?: () => Promise<void>;
  /** Milliseconds since the epoch. */
  now: () => number;
};

/**
 * The failed attempts as a place of people's data: a callback's answer may repeat the event. The log is erased first,
 * so an erasure removes all attempts whose event is erased or gone.
 */
export function attemptsPlace({ table, log, onErase, now }: AttemptsPlaceOptions): DataPlace {
  const rows = (after: string) =>
    scanRows<AttemptColumns>(table, ATTEMPTS_PARTITION, { ...withPrefix(ATTEMPT), after });
  const remove = ({ rowKey }: Row<AttemptColumns>) => removeRow(table, ATTEMPTS_PARTITION, rowKey);

  /** Each attempt with its event. The attempts of one event follow each other, so the event is read once. */
  async function* rowsWithEvent(after: string): AsyncGenerator<Row<AttemptColumns & { event?: LogEvent }>> {
    let looked: { seq: number; event?: LogEvent } | undefined;
    for await (const row of rows(after)) {
      const seq = seqOfAttempt(row.rowKey);
      if (looked?.seq !== seq) {
        const { items } = await log.list({ after: seq - 1, limit: 1 });
        looked = { seq, event: items.find((event) => event.seq === seq) };
      }
      yield { ...row, event: looked.event };
    }
  }

  async function* eraseOrphans(after: string) {
    await onErase?.();
    yield* removeWhere(rowsWithEvent(after), ({ event }) => !event || "erased" in event, remove);
  }

  return {
    name: "attempts",
    erase: (_, after) => eraseOrphans(after),
    eraseChat: (_, after) => eraseOrphans(after),
    async *search({ email }, after) {
      for await (const { event, ...row } of rowsWithEvent(after)) {
        const isTheirs = event && "payload" in event && peopleIn(event.payload).includes(email);
        yield { after: row.rowKey, items: isTheirs ? [toFailedAttempt(row)] : [] };
      }
    },
    retain(after) {
      const before = toIso(now() - ATTEMPTS_KEPT_MS);
      return removeWhere(rows(after), ({ at }) => at < before, remove);
    },
  };
}
