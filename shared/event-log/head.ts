import { randomUUID } from "node:crypto";
import type { TableEntity } from "@azure/data-tables";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";
import { type Row, readRow } from "../storage/rows.ts";
import { blockKey, HEAD } from "./keys.ts";
import type { Store } from "./store.ts";

/**
 * Where the log ends. Every append replaces this row under the ETag that it read, which puts all appends of all
 * instances into one order.
 */
export type Head = {
  /** Names this log: another log, or this one after its table was emptied, has another name. Missing until the first event. */
  log?: string;
  seq: number;
  receivedAt?: string;
  lastReceived: Partial<Record<EventType, string>>;
  /** For each type a bit per place of the last block: which events of the block are of that type. */
  marks: Record<EventType, Uint8Array>;
  /** Missing until the first event is in the log. */
  etag?: string;
};

/**
 * The index by type. A row per event and type would cost every append half as much again; a bit is free, since the head
 * is written anyway. When a block is full, its bits move to a row of their own.
 */
export const BLOCK_SIZE = 1024;
export const blockAt = (seq: number) => Math.floor(seq / BLOCK_SIZE);

type Marks = Partial<Record<`marks_${EventType}`, Uint8Array>>;
type LastReceived = Partial<Record<`last_${EventType}`, string>>;
type HeadRow = { log?: string; seq: number; receivedAt: string } & Marks & LastReceived;
export type BlockRow = Marks;

export async function readHead(
  { table, partitionKey }: Store,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Head> {
  const row = await readRow<HeadRow>(table, partitionKey, HEAD, { signal });
  if (!row) return { seq: 0, lastReceived: {}, marks: readMarks({}) };
  const lastReceived: Head["lastReceived"] = {};
  for (const type of EVENT_TYPES) {
    const last = row[`last_${type}`];
    if (last !== undefined) lastReceived[type] = last;
  }
  const { log, seq, receivedAt, etag } = row;
  return { log, seq, receivedAt, lastReceived, marks: readMarks(row), etag };
}

export type Placed = { seq: number; receivedAt: string };

/**
 * Gives the next places to events of these types. Time never runs backwards along the log, whatever the clocks of the
 * instances say: that is what makes a moment findable in it.
 *
 * @param now milliseconds since the epoch
 * @returns the head afterwards; the events' places; and the block that this fills, if it does, as a row
 */
export function advance(
  head: Head,
  types: readonly EventType[],
  now: number,
  partitionKey: string,
): { head: Head; placed: Placed[]; filled?: TableEntity<BlockRow> } {
  const clock = new Date(now).toISOString();
  const receivedAt = head.receivedAt !== undefined && head.receivedAt > clock ? head.receivedAt : clock;
  const lastReceived = { ...head.lastReceived };
  let marks = copy(head.marks);
  let filled: TableEntity<BlockRow> | undefined;
  const placed = types.map((type, index) => {
    const seq = head.seq + 1 + index;
    if (seq % BLOCK_SIZE === 0) {
      filled = { partitionKey, rowKey: blockKey(blockAt(seq) - 1), ...writeMarks(marks) };
      marks = readMarks({});
    }
    mark(marks[type], seq);
    lastReceived[type] = receivedAt;
    return { seq, receivedAt };
  });
  const { log = randomUUID(), seq } = head;
  return { head: { log, seq: seq + types.length, receivedAt, lastReceived, marks }, placed, filled };
}

export function toHeadRow(
  { log, seq, receivedAt, lastReceived, marks }: Head,
  partitionKey: string,
): TableEntity {
  const last = Object.fromEntries(Object.entries(lastReceived).map(([type, at]) => [`last_${type}`, at]));
  return { partitionKey, rowKey: HEAD, log, seq, receivedAt, ...last, ...writeMarks(marks) };
}

/** The places that a block marks, in order. */
export function* marked(marks: Uint8Array | undefined, block: number): Generator<number> {
  if (!marks) return;
  for (let offset = 0; offset < BLOCK_SIZE; offset++) {
    if ((marks[offset >> 3] ?? 0) & (1 << (offset & 7))) yield block * BLOCK_SIZE + offset;
  }
}

function mark(marks: Uint8Array, seq: number): void {
  const offset = seq % BLOCK_SIZE;
  marks[offset >> 3] = (marks[offset >> 3] ?? 0) | (1 << (offset & 7));
}

function readMarks(row: Marks | Row<Marks>): Head["marks"] {
  const of = (type: EventType) => {
    const marks = new Uint8Array(BLOCK_SIZE / 8);
    marks.set(row[`marks_${type}`] ?? []);
    return marks;
  };
  return {
    chat_started: of("chat_started"),
    chat_ended: of("chat_ended"),
    ticket_created: of("ticket_created"),
  };
}

function writeMarks(marks: Head["marks"]): Marks {
  return {
    marks_chat_started: marks.chat_started,
    marks_chat_ended: marks.chat_ended,
    marks_ticket_created: marks.ticket_created,
  };
}

function copy(marks: Head["marks"]): Head["marks"] {
  return {
    chat_started: marks.chat_started.slice(),
    chat_ended: marks.chat_ended.slice(),
    ticket_created: marks.ticket_created.slice(),
  };
}
