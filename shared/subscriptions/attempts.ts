import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import type * as v from "valibot";
import { redact } from "../core/redact.ts";
import type { Attempts } from "../schemas/subscription.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, ordered } from "../storage/keys.ts";
import { type Row, readRows } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import { decodePercents } from "./callback.ts";
import type { CallbackAnswer } from "./post.ts";

/**
 * A failed attempt, as it is kept for a week. `excerpt` is how the answer's body began, without credentials. It may hold
 * what was sent, so erasure reaches it.
 */
export type FailedAttempt = Omit<v.InferOutput<typeof Attempts>["items"][number], "callback">;

export type AttemptColumns = Omit<FailedAttempt, "seq"> & Formatted;

export const ATTEMPTS_PARTITION = "attempts";
export const ATTEMPT = "attempt:";
const prefixOf = (seq: number) => `${ATTEMPT}${ordered(seq)}:`;
export const seqOfAttempt = (rowKey: string) => Number(rowKey.slice(ATTEMPT.length).split(":", 1)[0]);

/** Opens the failed attempts in the table of the subscriptions. See `people.ts` for their erasure and retention. */
export function openAttempts(table: TableClient) {
  return {
    /** Keeps a failed attempt for each of the events that were sent together. */
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
    /** The failed attempts to deliver the event at this place, in the order of time. */
    of(seq: number): Promise<FailedAttempt[]> {
      const range = { from: prefixOf(seq), before: after(prefixOf(seq)) };
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

/** How many characters of an answer are kept. */
const KEPT_CHARACTERS = 200;

/** The beginning of an answer that may be kept: without the parts of the callback's URL that may be keys, and no addresses. */
export function excerptOf(answer: CallbackAnswer, url: string): string | undefined {
  if (!answer.excerpt) return undefined;
  const { pathname, search, searchParams, username, password } = new URL(url);
  const whole = [pathname + search, search];
  const secrets = [...whole, ...searchParams.values(), username, password, pathname, ...pathname.split("/")];
  let text = answer.excerpt.replaceAll(/\p{Cc}+/gu, " ");
  for (const secret of secrets) {
    for (const spelling of [secret, decodePercents(secret)])
      if (spelling.length >= 4) text = text.replaceAll(spelling, "…");
  }
  return redact(text).toWellFormed().slice(0, KEPT_CHARACTERS);
}
