import type { TableClient } from "@azure/data-tables";
import { toPeopleColumn } from "../people/people-column.ts";
import { compress, decompress, fromProperties, MAX_BYTES_PER_ROW, toProperties } from "../storage/body.ts";
import { checkFormat, FORMAT, type Formatted } from "../storage/format.ts";
import { after, hashed } from "../storage/keys.ts";
import { createRow, putRow, type Row, readRow, readRows, removeRow, replaceRow } from "../storage/rows.ts";
import type { Waiting } from "./next-step.ts";

/**
 * Rows of the events' table, in a partition of their own. An ended thread has a row under `due:` until its transcript
 * is in the log or given up; a transcript that came after its event is in the log is kept under `shown:`.
 */
export const PARTITION = "transcripts";
const NAME = "store of transcripts";
const DUE = "due:";
const SHOWN = "shown:";
const keyOf = (prefix: string, threadId: string) => prefix + hashed(["thread", threadId]);

export const DUES = { from: DUE, before: after(DUE) };
export const ALL_SHOWN = { from: SHOWN, before: after(SHOWN) };

/** A thread that ended, as the webhook told it. */
export type EndedThread = {
  chatId: string;
  threadId: string;
  /** The webhook's envelope without its secret, as JSON text. */
  envelope: string;
};

export type DueRow = EndedThread & {
  state: Waiting["state"];
  /** ISO 8601, as is `dueAt`. */
  receivedAt: string;
  /** Before this nothing is done: another process may be at it. */
  dueAt: string;
  attempts: number;
};

export type ShownRow = {
  chatId: string;
  threadId: string;
  /** ISO 8601: when the webhook came. Retention uses it, as for the event. */
  receivedAt: string;
  /** Hashes of the addresses that the transcript names. */
  people: string;
};

type Times = { receivedAt: string; dueAt: string };

/** Keeps an end until its transcript is there. `false` when it is kept already. @throws {StorageUnavailable} */
export async function createDue(table: TableClient, end: EndedThread, times: Times): Promise<boolean> {
  const row = { partitionKey: PARTITION, rowKey: keyOf(DUE, end.threadId), ...end, ...times };
  // The process that keeps it makes the first attempt.
  const made = await createRow(table, { ...row, format: FORMAT, state: "waiting", attempts: 1 });
  return made !== undefined;
}

export async function readDue(table: TableClient, threadId: string): Promise<Row<DueRow> | undefined> {
  const row = await readRow<DueRow & Formatted>(table, PARTITION, keyOf(DUE, threadId));
  return row && checkFormat(row, NAME);
}

export async function* readDues(table: TableClient): AsyncGenerator<Row<DueRow>> {
  for await (const row of readRows<DueRow & Formatted>(table, PARTITION, DUES)) yield checkFormat(row, NAME);
}

/** Changes a row unless it was changed meanwhile; its new version, or `undefined`. */
export async function changeDue(
  table: TableClient,
  row: Row<DueRow>,
  changes: Partial<DueRow>,
): Promise<Row<DueRow> | undefined> {
  const { chatId, threadId, envelope, state, receivedAt, dueAt, attempts } = { ...row, ...changes };
  const next = { chatId, threadId, envelope, state, receivedAt, dueAt, attempts };
  const key = { partitionKey: PARTITION, rowKey: row.rowKey ?? "" };
  const etag = await replaceRow(table, { ...key, ...next, format: FORMAT }, { etag: row.etag });
  return etag === undefined ? undefined : { ...row, ...next, etag };
}

export function removeDue(table: TableClient, threadId: string): Promise<boolean> {
  return removeRow(table, PARTITION, keyOf(DUE, threadId));
}

/** Keeps a transcript whose event is in the log. `false` for one of megabytes even when compressed, which is not kept. */
export async function putShown(
  table: TableClient,
  { chatId, threadId, receivedAt }: Omit<ShownRow, "people">,
  raw: string,
  people: readonly string[],
): Promise<boolean> {
  const body = await compress(raw);
  if (body.length > MAX_BYTES_PER_ROW) return false;
  const key = { partitionKey: PARTITION, rowKey: keyOf(SHOWN, threadId) };
  const row = { ...key, format: FORMAT, chatId, threadId, receivedAt, people: toPeopleColumn(people) };
  await putRow(table, { ...row, ...toProperties(body) });
  return true;
}

export async function readShown(table: TableClient, threadId: string): Promise<Row<ShownRow> | undefined> {
  const row = await readRow<ShownRow & Formatted>(table, PARTITION, keyOf(SHOWN, threadId));
  return row && checkFormat(row, NAME);
}

export function removeShown(table: TableClient, threadId: string): Promise<boolean> {
  return removeRow(table, PARTITION, keyOf(SHOWN, threadId));
}

/** No transcript is larger, so that no more is ever unpacked. In bytes. */
const LARGEST = 64 * 1024 * 1024;

/** The transcript of a row, as the log would have kept it. */
export function rawOf(row: Row<ShownRow>): Promise<string> {
  return decompress(fromProperties(row), LARGEST);
}
