import type { TableClient } from "@azure/data-tables";
import { toPeopleColumn } from "../people/people-column.ts";
import { compress, MAX_BYTES_PER_ROW, toProperties } from "../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { hashed, withPrefix } from "../storage/keys.ts";
import { putRow, type Row, readRow, removeRow } from "../storage/rows.ts";
import { peopleInText } from "./text-event.ts";

/**
 * A partition of the events table: ends that wait for their transcript (see `pending.ts`), and under `shown:`
 * transcripts that came when their event was already in the log.
 */
export const TRANSCRIPTS_PARTITION = "transcripts";
export const STORE_OF_TRANSCRIPTS = "store of transcripts";
const SHOWN = "shown:";
const shownKey = (threadId: string) => SHOWN + hashed(["thread", threadId]);

export const ALL_SHOWN = withPrefix(SHOWN);

/** A thread that ended, from the webhook. */
export type EndedThread = {
  chatId: string;
  threadId: string;
  /** The webhook's envelope without its secret, as JSON text. */
  envelope: string;
};

export type ShownRow = {
  chatId: string;
  threadId: string;
  /** ISO 8601: when the webhook arrived. Retention uses this time, as for the event. */
  receivedAt: string;
  /** Hashes of the addresses that the transcript names. */
  people: string;
};

/** Stores a transcript whose event is in the log; `false` when it is too large for a row even when compressed. */
export async function putShown(
  table: TableClient,
  { chatId, threadId, receivedAt }: Omit<ShownRow, "people">,
  raw: string,
): Promise<boolean> {
  const body = await compress(raw);
  if (body.length > MAX_BYTES_PER_ROW) return false;
  const key = { partitionKey: TRANSCRIPTS_PARTITION, rowKey: shownKey(threadId) };
  const row = {
    ...key,
    format: FORMAT,
    chatId,
    threadId,
    receivedAt,
    people: toPeopleColumn(peopleInText(raw)),
  };
  await putRow(table, { ...row, ...toProperties(body) });
  return true;
}

export async function readShown(table: TableClient, threadId: string): Promise<Row<ShownRow> | undefined> {
  const row = await readRow<ShownRow & Formatted>(table, TRANSCRIPTS_PARTITION, shownKey(threadId));
  return row && checkFormat(row, STORE_OF_TRANSCRIPTS);
}

export function removeShown(table: TableClient, threadId: string): Promise<boolean> {
  return removeRow(table, TRANSCRIPTS_PARTITION, shownKey(threadId));
}
