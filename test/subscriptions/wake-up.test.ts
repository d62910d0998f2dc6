import { setImmediate } from "node:timers/promises";
import { QueueClient } from "@azure/storage-queue";
import { expect, inject, test, vi } from "vitest";
import { openQueue } from "../../shared/storage/open-queue.ts";
import { createWakeMessage } from "../../shared/subscriptions/wake-message.ts";
import { createWakeUp } from "../../shared/subscriptions/wake-up.ts";
import { NEVER, virtualClock } from "./world.ts";

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
};

/** A queue in memory: its messages with the times at which they become visible. */
function memoryQueue(clock: { now: () => number }) {
  const messages = new Map<string, { showsAt: number; popReceipt: string }>();
  const queue = {
    messages,
    calls: [] as string[],
    fails: false,
    async put(_: string, afterMs = 0) {
      await queue.call("put");
      const messageId = crypto.randomUUID();
      messages.set(messageId, { showsAt: clock.now() + afterMs, popReceipt: "1" });
      return { messageId, popReceipt: "1" };
    },
    async postpone({ messageId, popReceipt }: { messageId: string; popReceipt: string }, afterMs: number) {
      await queue.call("postpone");
      const message = messages.get(messageId);
      if (message?.popReceipt !== popReceipt) throw new Error("The message was received.");
      const changed = { showsAt: clock.now() + afterMs, popReceipt: `${popReceipt}1` };
      messages.set(messageId, changed);
      return { messageId, popReceipt: changed.popReceipt };
    },
    async takeBack({ messageId, popReceipt }: { messageId: string; popReceipt: string }) {
      await queue.call("takeBack");
      if (messages.get(messageId)?.popReceipt !== popReceipt) throw new Error("The message was received.");
      messages.delete(messageId);
    },
    async call(name: string) {
      await setImmediate();
      if (queue.fails) throw new Error("The queue is away.");
      queue.calls.push(name);
    },
  };
  return queue;
}

function newWakeUp({ isNeeded = true } = {}) {
  const clock = virtualClock();
  const queue = memoryQueue(clock);
  const delivered: number[] = [];
  const world = { clock, queue, delivered, isNeeded, fails: false, isDone: true, asked: 0 };
  const wakeUp = createWakeUp({
    queue,
    async hasSubscriptions() {
      world.asked += 1;
      if (world.fails) throw new Error("Storage is away.");
      return world.isNeeded;
    },
    async deliver(seq) {
      delivered.push(seq);
      await setImmediate();
      return world.isDone;
    },
    now: clock.now,
    wait: () => new Promise(() => {}),
  });
  const shows = () => [...queue.messages.values()].map(({ showsAt }) => showsAt - clock.now());
  return Object.assign(world, { wakeUp, shows });
}

test("an append waits until its message is in the queue", async () => {
  const world = newWakeUp();
  await world.wakeUp.storing()();
  await turns();
  world.queue.calls.length = 0;
  const stored = world.wakeUp.storing();
  await stored(7);
  expect(world.queue.calls).toEqual(["put"]);
  expect(world.shows()).toEqual([2_000]);
  await turns();
  expect(world.delivered).toEqual([7]);
  expect(world.queue.calls).toEqual(["put", "takeBack"]);
});

test("a hundred concurrent appends share one message", async () => {
  const world = newWakeUp();
  await Promise.all(Array.from({ length: 100 }, (_, seq) => world.wakeUp.storing()(seq)));
  await turns();
  expect(world.delivered).toHaveLength(100);
  expect(world.queue.calls).toEqual(["put", "takeBack"]);
});

test("the message stays in the queue when an event was not delivered", async () => {
  const world = newWakeUp();
  world.isDone = false;
  await world.wakeUp.storing()(1);
  await turns();
  expect(world.shows()).toEqual([2_000]);
  // An event that is stored later gets its own message.
  world.clock.time += 5_000;
  world.isDone = true;
  await world.wakeUp.storing()(2);
  await turns();
  expect(world.shows()).toEqual([-3_000]);
});

test("the message is postponed during a delivery, or replaced after it was received", async () => {
  const clock = virtualClock();
  const queue = memoryQueue(clock);
  let beat = () => {};
  const wait = () => new Promise<void>((resolve) => (beat = resolve));
  const message = createWakeMessage(queue, { now: clock.now, wait });
  await message.begin();
  for (let step = 0; step < 4; step += 1) {
    clock.time += 500;
    beat();
    await turns();
  }
  expect(queue.calls).toEqual(["put", "postpone"]);
  const [[id]] = [...queue.messages] as [[string, unknown]];
  queue.messages.set(id, { showsAt: 0, popReceipt: "received" });
  clock.time += 1_500;
  beat();
  await turns();
  expect(queue.calls).toEqual(["put", "postpone", "postpone", "put"]);
  message.end(true);
  await turns();
  expect(queue.messages.size).toBe(1);
  expect(queue.calls.at(-1)).toBe("takeBack");
});

test("an append waits at most 100 ms for a queue that does not answer", async () => {
  const world = newWakeUp();
  await world.wakeUp.storing()(1);
  await turns();
  const waits: number[] = [];
  const slow = createWakeUp({
    queue: { ...world.queue, put: () => new Promise(() => {}) },
    hasSubscriptions: async () => true,
    deliver: async () => true,
    wait: async (milliseconds) => waits.push(milliseconds),
  });
  await slow.storing()(1);
  await turns();
  await slow.storing()(2);
  // The wake message is looked at after half a second; the append waits for 100 ms.
  expect(waits).toEqual([500, 100]);
});

test("the first append of a process does not wait for the table of subscriptions", async () => {
  const world = newWakeUp();
  await world.wakeUp.storing()(1);
  expect(world.asked).toBe(0);
  await turns();
  expect(world.delivered).toEqual([1]);
});

test("appends without subscriptions read the table at most every five seconds", async () => {
  const world = newWakeUp({ isNeeded: false });
  for (let count = 0; count < 10; count += 1) {
    await world.wakeUp.storing()(count);
    await turns();
  }
  expect(world.asked).toBe(1);
  world.isNeeded = true;
  world.clock.time += 5_000;
  await world.wakeUp.storing()(11);
  await turns();
  expect(world.asked).toBe(2);
  expect(world.delivered).toEqual([11]);
});

test("a second message after a new subscription wakes the other instances", async () => {
  const world = newWakeUp({ isNeeded: false });
  await world.wakeUp.storing()(1);
  await turns();
  world.wakeUp.subscribed();
  await turns();
  expect(world.shows()).toEqual([0, 6_000]);
  await world.wakeUp.storing()(2);
  await turns();
  expect(world.asked).toBe(1);
  expect(world.delivered).toEqual([2]);
});

test("a queue that fails does not fail an append", async () => {
  const world = newWakeUp();
  world.fails = true;
  world.queue.fails = true;
  const rejected = vi.fn();
  process.once("unhandledRejection", rejected);
  await world.wakeUp.storing()(1);
  await turns();
  world.wakeUp.subscribed();
  world.wakeUp.after(1_000);
  await world.wakeUp.storing()(2);
  await turns();
  expect(rejected).not.toHaveBeenCalled();
  expect(world.delivered).toEqual([2]);
  world.queue.fails = false;
  await world.wakeUp.storing()(3);
  await turns();
  expect(world.queue.calls).toEqual(["put", "takeBack"]);
});

test("a delayed message can be postponed and removed", async () => {
  const name = `wake-${crypto.randomUUID()}`;
  const queue = openQueue({ connectionString: inject("storage") }, name, NEVER);
  await Promise.all([queue.put("wake up"), queue.put("wake up")]);
  const later = await queue.put("later", 3_600_000);
  const client = new QueueClient(inject("storage"), name);
  const { receivedMessageItems: items } = await client.receiveMessages({ numberOfMessages: 10 });
  expect(items.map(({ messageText }) => Buffer.from(messageText, "base64").toString())).toEqual([
    "wake up",
    "wake up",
  ]);
  for (const { insertedOn, expiresOn } of items) expect(+expiresOn - +insertedOn).toBe(60_000);

  const postponed = await queue.postpone(later, 7_200_000);
  await expect(queue.takeBack(later)).rejects.toThrow();
  await queue.takeBack(postponed);
  await expect(queue.postpone(postponed, 1_000)).rejects.toThrow();
  expect((await client.getProperties()).approximateMessagesCount).toBe(2);
});
