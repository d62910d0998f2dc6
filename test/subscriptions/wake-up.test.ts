import { setImmediate } from "node:timers/promises";
import { QueueClient } from "@azure/storage-queue";
import { expect, inject, test, vi } from "vitest";
import { openQueue } from "../../shared/storage/open-queue.ts";
import { coalesce } from "../../shared/subscriptions/coalesce.ts";
import { createWakeUp } from "../../shared/subscriptions/wake-up.ts";
import { virtualClock } from "./world.ts";

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
};

function newWakeUp({ somebody = true, fails = false } = {}) {
  const clock = virtualClock();
  const sent: number[] = [];
  const world = { clock, sent, somebody, fails, asked: 0 };
  const wakeUp = createWakeUp({
    async send(afterMs) {
      await setImmediate();
      if (world.fails) throw new Error("The queue is away.");
      sent.push(afterMs);
    },
    async anybody() {
      world.asked += 1;
      if (world.fails) throw new Error("Storage is away.");
      return world.somebody;
    },
    now: clock.now,
    wait: clock.wait,
  });
  return Object.assign(world, { wakeUp });
}

test("work that is asked for while it runs runs once more, for all who asked", async () => {
  const runs: (() => void)[] = [];
  let fail = false;
  const run = coalesce(async () => {
    await new Promise<void>((resolve) => runs.push(resolve));
    if (fail) throw new Error("no");
  });
  const first = run();
  const others = [run(), run(), run()];
  expect(runs).toHaveLength(1);
  runs[0]?.();
  await first;
  await turns(1);
  expect(runs).toHaveLength(2);
  fail = true;
  const after = run();
  runs[1]?.();
  for (const other of others) await expect(other).rejects.toThrow("no");
  fail = false;
  await turns(1);
  runs[2]?.();
  await after;
  await turns(1);
  expect(runs).toHaveLength(3);
});

test("appends that come together share a message, and the last of them is told of", async () => {
  const { wakeUp, sent, clock } = newWakeUp();
  const began = clock.now();
  for (let count = 0; count < 100; count += 1) wakeUp.stored();
  await turns();
  expect(sent).toEqual([0, 0]);
  for (let count = 0; count < 100; count += 1) {
    wakeUp.stored();
    await setImmediate();
  }
  await turns();
  // Not more than one in 250 ms.
  expect(clock.now() - began).toBeGreaterThanOrEqual((sent.length - 1) * 250);
});

test("where nobody subscribes, no message is sent, and that is asked now and then", async () => {
  const world = newWakeUp({ somebody: false });
  for (let count = 0; count < 10; count += 1) {
    world.wakeUp.stored();
    await turns();
  }
  expect(world.asked).toBe(1);
  world.somebody = true;
  world.clock.time += 5_000;
  world.wakeUp.stored();
  await turns();
  expect(world.asked).toBe(2);
  expect(world.sent).toEqual([0]);
});

test("who subscribes is told of what comes next, by this instance and by others that do not know yet", async () => {
  const world = newWakeUp({ somebody: false });
  world.wakeUp.stored();
  await turns();
  world.wakeUp.subscribed();
  await turns();
  expect(world.sent).toEqual([0, 6_000]);
  world.wakeUp.stored();
  await turns();
  expect(world.asked).toBe(1);
  expect(world.sent).toEqual([0, 6_000, 0]);
});

test("nothing fails by it, and it goes on when the queue is back", async () => {
  const world = newWakeUp({ fails: true });
  const rejected = vi.fn();
  process.once("unhandledRejection", rejected);
  world.wakeUp.stored();
  world.wakeUp.subscribed();
  world.wakeUp.after(1_000);
  await turns();
  expect(rejected).not.toHaveBeenCalled();
  world.fails = false;
  world.wakeUp.stored();
  await turns();
  expect(world.sent).toEqual([0]);
});

test("a message goes into the queue, which is made for the first of them, and shows when it should", async () => {
  const name = `wake-${crypto.randomUUID()}`;
  const send = openQueue({ connectionString: inject("storage") }, name);
  await Promise.all([send("wake up"), send("wake up")]);
  await send("later", 2_500);
  const queue = new QueueClient(inject("storage"), name);
  const { receivedMessageItems: items } = await queue.receiveMessages({ numberOfMessages: 10 });
  expect(items.map(({ messageText }) => Buffer.from(messageText, "base64").toString())).toEqual([
    "wake up",
    "wake up",
  ]);
  const { approximateMessagesCount } = await queue.getProperties();
  expect(approximateMessagesCount).toBe(3);
  for (const { insertedOn, expiresOn } of items) expect(+expiresOn - +insertedOn).toBe(60_000);
});
