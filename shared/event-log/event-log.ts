import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import type { EventType } from "../schemas/webhook.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { type AppendOptions, createAppend } from "./append.ts";
import type { Timing } from "./append-turns.ts";
import { readBody } from "./bodies.ts";
import { countByHour, countOfType } from "./count-events.ts";
import { deriveChat } from "./derive-chat.ts";
import { findEvent, readEvent } from "./event-row.ts";
import { firstEventsOf } from "./first-events.ts";
import { type Head, readHead } from "./head.ts";
import { PROBE } from "./keys.ts";
import { allEvents, chatEvents, type PageQuery, readEventPage } from "./list.ts";
import { readChatPage } from "./list-chats.ts";
import { openQuarantine } from "./quarantine.ts";
import { LOG_PARTITION } from "./store.ts";
import type { ChatState, EventQuery, LogEvent } from "./types.ts";

export type EventLogOptions = {
  table: TableClient;
  /** The partition that holds the log. */
  partitionKey?: string;
} & Partial<AppendOptions & Timing>;

export type EventLog = ReturnType<typeof openEventLog>;

/**
 * Opens the log in a table. Any number of instances may open it. An instance should open it only once, because
 * concurrent appends of one opened log share a transaction.
 */
export function openEventLog({
  table,
  partitionKey = LOG_PARTITION,
  onAppend,
  timeLimit = 6_000,
  now = Date.now,
  random = Math.random,
  wait = setTimeout,
}: EventLogOptions) {
  const store = { table, partitionKey };
  const append = createAppend(store, { onAppend, timeLimit, now, random, wait });

  return {
    /**
     * Appends an event to the log, once for any number of deliveries. When this resolves, the event is durable.
     *
     * @throws {TooLarge} when `raw` has more than `MAX_BODY_BYTES`
     * @throws {InvalidInput} when `raw` is nested too deep or has too many values
     * @throws {StorageUnavailable} when it took too long (6 s by default) or failed. The event may have been stored:
     *   append it again to find out.
     */
    append,
    /**
     * The next events, in the order of the log. A page has at most `limit` events (100 by default, at most 1,000) and
     * about 8 MiB, but at least one event before the end of the log. A page with fewer events than `limit` may not be
     * the last one; an empty page is the end.
     */
    list: (query: PageQuery = {}) => readEventPage(store, query),
    /** All events from `after` to the end of the log, with constant memory. */
    events: (query: EventQuery = {}) => allEvents(store, query),
    async get(id: string): Promise<LogEvent | undefined> {
      const row = await findEvent(store, id);
      return row && readEvent(store, row);
    },
    /** The original delivery without the token; `undefined` when it is unknown or was erased. */
    async getRaw(id: string): Promise<string | undefined> {
      const row = await findEvent(store, id);
      return row && row.erasedAt === undefined ? readBody(store, id, row) : undefined;
    },
    async chat(chatId: string): Promise<ChatState | undefined> {
      const events = await chatEvents(store, chatId);
      return events.length > 0 ? deriveChat(chatId, events) : undefined;
    },
    /** The first event of each type of a chat, from either of LiveChat's APIs. Erased events count. */
    firstEventsOf: (chatId: string) => firstEventsOf(store, chatId),
    /**
     * The chats whose first event is before a place, last started first, without erased chats. A page has at most
     * `limit` chats (25 by default). Only `next: null` means the end.
     */
    chats: (query: { before?: number; limit?: number } = {}) => readChatPage(store, query),
    /**
     * The state of the log: its name, the place and time of the last event, and the last time of receipt of each
     * type. A log in another or an emptied table has another name. A log without events has no name.
     */
    async head(): Promise<Pick<Head, "log" | "seq" | "receivedAt" | "lastReceived">> {
      const { log, seq, receivedAt, lastReceived } = await readHead(store);
      return { log, seq, receivedAt, lastReceived };
    },
    /**
     * The number of events of a type that were received at `from` or later and before `to` (ISO 8601). It takes about
     * 20 point reads.
     */
    count: (query: { type: EventType; from: string; to: string }) => countOfType(store, query),
    /**
     * Counts the events of each hour (UTC) that overlaps a span of time (ISO 8601), by type and origin. Empty hours are
     * left out.
     */
    countByHour: (span: { from: string; to: string }) => countByHour(store, span),
    quarantine: openQuarantine(store, { append, now, timeLimit }),
    /** Writes and reads back a small row. @throws {StorageUnavailable} */
    async probe(): Promise<void> {
      const nonce = randomUUID();
      await putRow(table, { partitionKey, rowKey: PROBE, nonce });
      const row = await readRow<{ nonce: string }>(table, partitionKey, PROBE);
      // Another instance may have written its own probe in between. The probe only checks that a write can be read.
      if (!row) throw new StorageUnavailable("An event that was written to storage could not be read back.");
    },
  };
}
