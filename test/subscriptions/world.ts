import { setImmediate } from "node:timers/promises";
import { expect, inject } from "vitest";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import type { LogEvent } from "../../shared/event-log/types.ts";
import type { EventType } from "../../shared/schemas/webhook.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { createDispatcher, type DispatcherOptions } from "../../shared/subscriptions/dispatcher.ts";
import { createPost } from "../../shared/subscriptions/post.ts";
import type { SentEvents } from "../../shared/subscriptions/send.ts";
import { openSubscriptionStore, type SubscriptionStore } from "../../shared/subscriptions/store.ts";
import type { Terms } from "../../shared/subscriptions/subscription.ts";

/** A time limit in real time that no test reaches, even on a slow machine. */
export const NEVER = 600_000;

/** A new table on Azurite, or the table of this name. */
export function newTable(name = `Subscriptions${crypto.randomUUID().replaceAll("-", "")}`) {
  return openTable({ connectionString: inject("storage") }, name, { timeLimit: NEVER });
}

/** A clock that only a wait moves, without real waiting. */
export function virtualClock(start = Date.parse("2026-01-31T08:00:00Z")) {
  const clock = {
    time: start,
    now: () => clock.time,
    async wait(milliseconds: number) {
      clock.time += milliseconds;
      await setImmediate();
    },
  };
  return clock;
}

type MemoryLog = Pick<EventLog, "head" | "list"> & {
  events: LogEvent[];
  append(type?: EventType, payload?: object): LogEvent;
  erase(seq: number): void;
};

/** A log in memory, with the functions that a dispatcher calls. */
export function memoryLog(): MemoryLog {
  const events: LogEvent[] = [];
  return {
    events,
    append(type = "chat_started", content?: object) {
      const seq = events.length + 1;
      const at = new Date(Date.parse("2026-01-31T08:00:00Z") + seq).toISOString();
      const payload = (content ?? { chat: { id: `C${seq}` } }) as never;
      const event: LogEvent = {
        id: `event-${seq}`,
        seq,
        type,
        origin: "webhook",
        occurredAt: at,
        receivedAt: at,
        payload,
      };
      events.push(event);
      return event;
    },
    erase(seq) {
      const { payload: _, ...place } = events[seq - 1] as LogEvent & { payload: unknown };
      events[seq - 1] = { ...place, erased: true, erasedAt: place.receivedAt } as LogEvent;
    },
    async head() {
      await setImmediate();
      return { seq: events.length, lastReceived: {} };
    },
    async list({ type, after = 0, limit = 100 } = {}) {
      await setImmediate();
      const chosen = events.filter((event) => event.seq > after && (!type || event.type === type));
      const items = chosen.slice(0, limit);
      const next = items.length < limit ? events.length : (items.at(-1)?.seq ?? after);
      return { items, next: Math.max(after, next), head: events.length };
    },
  };
}

/** The terms of a flow's trigger. */
export const termsOf = (url: string, type: EventType = "chat_started"): Terms => ({
  url,
  types: [type],
  format: "payload",
  batch: 1,
  policy: "block",
});

/** Hides the age of rows, which is measured by the emulator's real clock, so that only virtual time counts. */
export function withoutAge(store: SubscriptionStore): SubscriptionStore {
  const { list, get, subscribe } = store;
  return {
    ...store,
    async subscribe(wanted) {
      const { age: _, ...kept } = await subscribe(wanted);
      return kept;
    },
    list: async () => (await list()).map(({ age: _, ...kept }) => kept),
    async get(id) {
      const { age: _, ...kept } = (await get(id)) ?? {};
      return "id" in kept ? (kept as Awaited<ReturnType<typeof get>>) : undefined;
    },
  };
}

/** A log in memory, subscriptions in a table, and dispatchers between them, in virtual time. */
export function newWorld() {
  const clock = virtualClock();
  const log = memoryLog();
  const store = withoutAge(openSubscriptionStore(newTable(), clock.now));
  const wakeUps: number[] = [];
  const dispatcher = (options: Partial<DispatcherOptions> = {}) =>
    createDispatcher({
      store,
      log,
      post: createPost({ allowLoopback: true, timeLimit: NEVER }),
      wakeUp: (afterMs) => wakeUps.push(afterMs),
      now: clock.now,
      wait: clock.wait,
      random: () => 1,
      // No timer runs in real time.
      every: () => () => {},
      later: () => {},
      ...options,
    });
  const subscribe = (url: string, terms: Partial<Terms> | EventType = {}) =>
    store.subscribe({
      ...(typeof terms === "string" ? termsOf(url, terms) : { ...termsOf(url), ...terms }),
      cursor: log.events.length,
    });
  return { clock, log, store, wakeUps, dispatcher, subscribe };
}

/** Waits until a subscriber has received `count` requests. */
export const arrived = (subscriber: { arrivals: unknown[] }, count: number) =>
  expect.poll(() => subscriber.arrivals.length, { interval: 5 }).toBe(count);

export const idsOf = (arrivals: { headers: Record<string, unknown> }[]) =>
  arrivals.map(({ headers }) => headers["webhook-id"]);

/** A failed request of one event at `at` (ISO 8601). */
export const failedRequest = (at: string): SentEvents => ({
  answer: { status: 500 },
  attempt: { eventId: "event", seq: 1, at, status: 500, durationMs: 1 },
  excerpt: "Oops",
});
