import { expect, test } from "vitest";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import { createFeed } from "../../shared/subscriptions/feed.ts";
import { memoryLog, virtualClock } from "./world.ts";

function newFeed(log: Pick<EventLog, "head" | "list"> = memoryLog()) {
  const clock = virtualClock();
  const calls: string[] = [];
  const counting = {
    head: () => {
      calls.push("head");
      return log.head();
    },
    list: (query: Parameters<typeof log.list>[0]) => {
      calls.push(`list ${query?.after}`);
      return log.list(query);
    },
  };
  return {
    clock,
    calls,
    feed: createFeed(counting, { now: clock.now, wait: () => new Promise(() => {}) }),
  };
}

test("an event that this process stores moves the known head without a read", async () => {
  const { feed, calls } = newFeed();
  expect(feed.knownHead()).toBeUndefined();
  await feed.readHead();
  const waiting = feed.awaitNews(0, 1_000);
  feed.recordStored(1);
  await waiting;
  expect(feed.knownHead()).toMatchObject({ seq: 1 });
  expect(calls).toEqual(["head"]);
});

test("an event stored before the known head makes the head unknown until it is read", async () => {
  const { feed } = newFeed();
  await feed.readHead();
  feed.recordStored(3);
  feed.recordStored(1);
  expect(feed.knownHead()).toBeUndefined();
  await feed.readHead();
  expect(feed.knownHead()).toEqual({ log: undefined, seq: 3 });
});

test("readers at one place share a page for a second, until an erasure or a new event", async () => {
  const log = memoryLog();
  for (let count = 0; count < 3; count += 1) log.append();
  const { feed, calls, clock } = newFeed(log);
  await feed.readHead();
  await Promise.all([feed.read(0), feed.read(0), feed.read(1)]);
  expect(calls).toEqual(["head", "list 0", "list 1"]);
  clock.time += 1_000;
  await feed.read(0);
  feed.recordErasure();
  await feed.read(0);
  log.append();
  feed.recordStored(4);
  expect((await feed.read(0)).items).toHaveLength(4);
  expect(calls.slice(3)).toEqual(["list 0", "list 0", "list 0"]);
});

test("the events of a page may be sent for a second, until an erasure", async () => {
  const log = memoryLog();
  log.append();
  const { feed, clock } = newFeed(log);
  const page = await feed.read(0);
  expect(feed.isFresh(page)).toBe(true);
  clock.time += 999;
  expect(feed.isFresh(page)).toBe(true);
  clock.time += 1;
  expect(feed.isFresh(page)).toBe(false);
  const next = await feed.read(0);
  expect(feed.isFresh(next)).toBe(true);
  feed.recordErasure();
  expect(feed.isFresh(next)).toBe(false);
});

test("a page whose reading failed is read again by the next reader", async () => {
  const log = memoryLog();
  log.append();
  let fail = true;
  const { feed } = newFeed({
    ...log,
    list: (query) => (fail ? Promise.reject(new Error("down")) : log.list(query)),
  });
  await expect(feed.read(0)).rejects.toThrow("down");
  fail = false;
  expect((await feed.read(0)).items).toHaveLength(1);
});

test("a page ends at the head when retention has removed all events after the place", async () => {
  const { feed } = newFeed({
    head: async () => ({ log: "log", seq: 50, lastReceived: {} }),
    list: async ({ after = 0 } = {}) => ({ items: [], next: after, head: 50 }),
  });
  await feed.readHead();
  expect(await feed.read(10)).toMatchObject({ items: [], next: 50 });
});
