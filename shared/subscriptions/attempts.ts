import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import type * as v from "valibot";
import type { Attempts as AttemptList } from "../schemas/subscription.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { ordered, withPrefix } from "../storage/keys.ts";
import { type Row, readRows } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import type { SentEvents } from "./send.ts";
import { isDelivered } from "./standing.ts";
import type { DeliveryAttempt } from "./subscription.ts";

/**
 * A failed attempt to deliver an event. `excerpt` is the start of the answer, which may repeat the event, so erasure
 * removes it with the event.
 */
export type FailedAttempt = Omit<v.InferOutput<typeof AttemptList>["items"][number], "callback">;

export type AttemptColumns = Omit<FailedAttempt, "seq"> & Formatted;

export const ATTEMPTS_PARTITION = "attempts";
export const ATTEMPT = "attempt:";
const prefixOf = (seq: number) => `${ATTEMPT}${ordered(seq)}:`;
export const seqOfAttempt = (rowKey: string) => Number(rowKey.slice(ATTEMPT.length).split(":", 1)[0]);

export type Attempts = ReturnType<typeof openAttempts>;

/** Opens the failed attempts in the table of the subscriptions. `people.ts` has their erasure and retention. */
export function openAttempts(table: TableClient) {
  return {
    /** Stores a failed request once for each of its events. A successful request is not stored. */
    async recordFailure(
      { attempt, answer, excerpt }: SentEvents,
      { id: subscription }: { id: string },
      events: readonly { id: string; seq: number }[],
    ): Promise<void> {
      if (isDelivered(answer)) return;
      const columns = { format: FORMAT, subscription, ...withoutEvent(attempt), excerpt };
      const actions = events.map(({ id: eventId, seq }): TransactionAction => {
        const rowKey = `${prefixOf(seq)}${attempt.at}:${randomUUID()}`;
        return ["create", { partitionKey: ATTEMPTS_PARTITION, rowKey, eventId, ...columns }];
      });
      await submit(table, actions);
    },
    /** The failed attempts to deliver the event at this place, oldest first. */
    of(seq: number): Promise<FailedAttempt[]> {
      const range = withPrefix(prefixOf(seq));
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

/** An attempt without its events, which are stored or shown one by one. */
export function withoutEvent({ eventId: _, seq: __, firstSeq: ___, ...attempt }: DeliveryAttempt) {
  return attempt;
}
