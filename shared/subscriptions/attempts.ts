import { randomUUID } from "node:crypto";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { redact } from "../core/redact.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, ordered } from "../storage/keys.ts";
import { type Row, readRows } from "../storage/rows.ts";
import { submit } from "../storage/transaction.ts";
import type { CallbackAnswer } from "./post.ts";
import type { DeliveryAttempt } from "./subscription.ts";

/** A failed attempt, as it is kept for a week. */
export type FailedAttempt = DeliveryAttempt & {
  subscription: string;
  /** How the answer's body began, without credentials. It may hold what was sent, so erasure reaches it. */
  excerpt?: string;
};

export type Attempts = {
  /** Keeps a failed attempt for each of the events that were sent together. */
  record(
    events: readonly { id: string; seq: number }[],
    attempt: Omit<FailedAttempt, "eventId" | "seq">,
  ): Promise<void>;
  /** The failed attempts to deliver the event at this place, in the order of time. */
  of(seq: number): Promise<FailedAttempt[]>;
};

export type AttemptColumns = Omit<FailedAttempt, "seq"> & Formatted;

export const PARTITION = "attempts";
export const ATTEMPT = "attempt:";
const prefixOf = (seq: number) => `${ATTEMPT}${ordered(seq)}:`;
export const seqOfAttempt = (rowKey: string) => Number(rowKey.slice(ATTEMPT.length).split(":", 1)[0]);

/** Opens the failed attempts in the table of the subscriptions. See `people.ts` for their erasure and retention. */
export function openAttempts(table: TableClient): Attempts {
  return {
    async record(events, attempt) {
      const actions = events.map(({ id, seq }): TransactionAction => {
        const rowKey = `${prefixOf(seq)}${attempt.at}:${randomUUID()}`;
        return ["create", { partitionKey: PARTITION, rowKey, format: FORMAT, eventId: id, ...attempt }];
      });
      await submit(table, actions);
    },
    async of(seq) {
      const prefix = prefixOf(seq);
      const found: FailedAttempt[] = [];
      const range = { from: prefix, before: after(prefix) };
      for await (const row of readRows<AttemptColumns>(table, PARTITION, range))
        found.push(toFailedAttempt(row));
      return found;
    },
  };
}

export function toFailedAttempt(row: Row<AttemptColumns>): FailedAttempt {
  const {
    rowKey = "",
    eventId,
    at,
    status,
    error,
    durationMs,
    events,
    subscription,
    excerpt,
  } = checkFormat(row, "list of attempts");
  const seq = seqOfAttempt(rowKey);
  return { subscription, eventId, seq, at, status, error, durationMs, events, excerpt };
}

/** How many characters of an answer are kept. */
const EXCERPT = 200;

/** The beginning of an answer that may be kept: without the parts of the callback's URL that may be keys, and no addresses. */
export function excerptOf(answer: CallbackAnswer, url: string): string | undefined {
  if (!answer.excerpt) return undefined;
  const { pathname, search, searchParams, username, password } = new URL(url);
  const secrets = [
    pathname + search,
    search,
    ...searchParams.values(),
    username,
    password,
    pathname,
    ...pathname.split("/"),
  ];
  let text = answer.excerpt.replaceAll(/\p{Cc}+/gu, " ");
  for (const secret of secrets) {
    for (const spelling of [secret, decode(secret)])
      if (spelling.length >= 4) text = text.replaceAll(spelling, "…");
  }
  return redact(text).toWellFormed().slice(0, EXCERPT);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
