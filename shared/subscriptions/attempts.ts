import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import type * as v from "valibot";
import type { Attempts } from "../schemas/subscription.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { endOf, ordered } from "../storage/keys.ts";
import { type Row, readRows } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";

/**
 * A failed attempt to deliver an event. `excerpt` is the start of the answer, which may repeat the event, so erasure
 * removes it with the event.
 */
export type FailedAttempt = Omit<v.InferOutput<typeof Attempts>["items"][number], "callback">;

export type AttemptColumns = Omit<FailedAttempt, "seq"> & Formatted;

export const ATTEMPTS_PARTITION = "attempts";
export const ATTEMPT = "attempt:";
const prefixOf = (seq: number) => `${ATTEMPT}${ordered(seq)}:`;
export const seqOfAttempt = (rowKey: string) => Number(rowKey.slice(ATTEMPT.length).split(":", 1)[0]);

/** Opens the failed attempts in the table of the subscriptions. `people.ts` has their erasure and retention. */
export function openAttempts(table: TableClient) {
  return {
    /** Stores a failed attempt for each event of a request. */
    async record(
      events: readonly { id: string; seq: number }[],
      attempt: Omit<FailedAttempt, "eventId" | "seq">,
    ): Promise<void> {
      const actions = events.map(({ id, seq }): TransactionAction => {
        const rowKey = `${prefixOf(seq)}${attempt.at}:${randomUUID()}`;
        return [
          "create",
          { partitionKey: ATTEMPTS_PARTITION, rowKey, format: FORMAT, eventId: id, ...attempt },
        ];
      });
      await submit(table, actions);
    },
    /** The failed attempts to deliver the event at this place, oldest first. */
    of(seq: number): Promise<FailedAttempt[]> {
      const range = { from: prefixOf(seq), before: endOf(prefixOf(seq)) };
      return Array.fromAsync(readRows<AttemptColumns>(table, ATTEMPTS_PARTITION, range), toFailedAttempt);
    },
  };
}

export function toFailedAttempt(row: Row<AttemptColumns>): FailedAttempt {
  const { rowKey, subscription, eventId, excerpt } = checkFormat(row, "list of attempts");
  const { at, status, error, durationMs, events } = row;
  const seq = seqOfAttempt(rowKey);
  return { subscription, eventId, seq, at, status, error, durationMs, events, excerpt };
}
