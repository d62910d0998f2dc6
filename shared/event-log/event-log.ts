import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { TableClient } from "@azure/data-tables";
import { StorageUnavailable } from "../core/errors.ts";
import { putRow, readRow } from "../storage/rows.ts";
import { createAppend } from "./append.ts";
import { readBody } from "./bodies.ts";
import { countByHour, countOfType } from "./count-events.ts";
import { deriveChat } from "./derive-chat.ts";
import { findEvent, readEvent } from "./event-row.ts";
import { readHead } from "./head.ts";
import { PROBE } from "./keys.ts";
import { allEvents, chatEvents, readEventPage } from "./list.ts";
import { readChatPage } from "./list-chats.ts";
import { openQuarantine } from "./quarantine.ts";
import { LOG_PARTITION } from "./store.ts";
import { toldOf } from "./told.ts";
import type { EventLog } from "./types.ts";

export type EventLogOptions = {
  table: TableClient;
  /** The partition that holds the log. */
  partitionKey?: string;
  /**
   * Called when an append begins; what it gives is called when the append ends, with the event's place if it was stored
   * just now, and waited for. Neither may throw.
   */
  onAppend?: () => (seq?: number) => Promise<void>;
  /** Milliseconds after which an append, or keeping in quarantine, gives up. */
  timeLimit?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** From 0 up to 1. */
  random?: () => number;
  wait?: (milliseconds: number) => Promise<unknown>;
};

/**
 * Opens the log that a table holds. Any number of instances may have it open; each should open it once, since appends
 * that meet in one instance share a transaction.
 */
export function openEventLog({
  table,
  partitionKey = LOG_PARTITION,
  onAppend,
  timeLimit = 6_000,
  now = Date.now,
  random = Math.random,
  wait = setTimeout,
}: EventLogOptions): EventLog {
  const store = { table, partitionKey };
  const appendOnce = createAppend(store, { timeLimit, now, random, wait });
  const append: EventLog["append"] = async (event) => {
    const settled = onAppend?.();
    let seq: number | undefined;
    try {
      const appended = await appendOnce(event);
      if (appended.status === "stored") seq = appended.seq;
      return appended;
    } finally {
      await settled?.(seq);
    }
  };

  return {
    append,
    list: (query = {}) => readEventPage(store, query),
    events: (query = {}) => allEvents(store, query),
    async get(id) {
      const row = await findEvent(store, id);
      return row && readEvent(store, row);
    },
    async getRaw(id) {
      const row = await findEvent(store, id);
      return row && row.erasedAt === undefined ? readBody(store, id, row) : undefined;
    },
    async chat(chatId) {
      const events = await chatEvents(store, chatId);
      return events.length > 0 ? deriveChat(chatId, events) : undefined;
    },
    chats: (query = {}) => readChatPage(store, query),
    told: (chatId) => toldOf(store, chatId),
    async head() {
      const { log, seq, receivedAt, lastReceived } = await readHead(store);
      return {
        ...(log !== undefined && { log }),
        seq,
        lastReceived,
        ...(receivedAt !== undefined && { receivedAt }),
      };
    },
    count: (query) => countOfType(store, query),
    countByHour: (span) => countByHour(store, span),
    quarantine: openQuarantine(store, { append, now, timeLimit }),
    async probe() {
      const nonce = randomUUID();
      await putRow(table, { partitionKey, rowKey: PROBE, nonce });
      const row = await readRow<{ nonce: string }>(table, partitionKey, PROBE);
      // Another instance may have probed in between; what matters is that a write can be read.
      if (!row) throw new StorageUnavailable("An event that was written to storage could not be read back.");
    },
  };
}
