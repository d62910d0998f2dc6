import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { QueueServiceClient } from "@azure/storage-queue";
import fc from "fast-check";
import { afterEach, expect, inject, test } from "vitest";
import type { QueueSettings } from "../../local/host/host-json.ts";
import type { Trigger } from "../../local/host/invoke.ts";
import type { Clock, Listener } from "../../local/host/listener.ts";
import type { LogEntry } from "../../local/host/log.ts";
import { listenToQueue, openQueues, pollingDelay } from "../../local/host/queue.ts";
import { fixture, startHostProcess } from "./host-process.ts";

const storage = inject("storage");
const service = QueueServiceClient.fromConnectionString(storage);

const settings: QueueSettings = {
  batchSize: 16,
  newBatchThreshold: 8,
  maxDequeueCount: 3,
  maxPollingInterval: 1000,
  visibilityTimeout: 0,
};

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
});

/** Does not wait: it records the waits, and lets the event loop run. */
class HastyClock implements Clock {
  readonly waits: number[] = [];
  now = Date.now;
  wait = async (milliseconds: number) => {
    this.waits.push(milliseconds);
    await new Promise((done) => setImmediate(done));
  };
}

/** Listens to a new queue; `run` is the function. */
async function listen(run: (trigger: Trigger) => Promise<unknown>, changed: Partial<QueueSettings> = {}) {
  const name = `q-${randomUUID()}`;
  const queues = await openQueues(storage, name, "F");
  const log: LogEntry[] = [];
  const clock = new HastyClock();
  const begin = () => {
    const listener = listenToQueue(queues, { ...settings, ...changed }, run, (entry) => log.push(entry), {
      clock,
    });
    listeners.push(listener);
    return listener;
  };
  const [queue, poisonQueue] = queues;
  return {
    name,
    queue,
    poisonQueue,
    log,
    clock,
    begin,
    send: (text: string) => queue.sendMessage(base64(text)),
  };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const textOf = ({ data }: Trigger) => ("string" in data ? data.string : "");

/** Records the calls of the function; `all` resolves after `count` calls. */
function collector(count: number) {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const add = (trigger: Trigger) => {
    seen.push(textOf(trigger));
    if (seen.length === count) resolve();
  };
  return { seen, add, all: promise };
}

async function left(queue: {
  getProperties(): Promise<{ approximateMessagesCount?: number }>;
}): Promise<number | undefined> {
  return (await queue.getProperties()).approximateMessagesCount;
}

test("each message of a new queue runs the function once and is deleted", async () => {
  const { seen, add, all } = collector(40);
  const { queue, begin, send } = await listen(async (trigger) => add(trigger));
  const listener = begin();
  await expect.poll(() => queue.exists()).toBe(true);
  const texts = Array.from({ length: 40 }, (_, i) => JSON.stringify({ number: i, text: "zażółć 😀" }));
  await Promise.all(texts.map(send));
  await all;
  await listener.stop();
  expect(seen.toSorted()).toEqual(texts.toSorted());
  expect(await left(queue)).toBe(0);
});

test("a message goes to the poison queue after its function failed maxDequeueCount times", async () => {
  const counts: string[] = [];
  const { promise: poisoned, resolve } = Promise.withResolvers<void>();
  const { queue, poisonQueue, begin, send, log } = await listen(async ({ metadata }) => {
    const count = metadata?.DequeueCount;
    counts.push(count && "json" in count ? count.json : "");
    if (counts.length === 3) resolve();
    throw new Error("no");
  });
  await queue.create();
  await send("bad");
  const listener = begin();
  await poisoned;
  await listener.stop();
  expect(counts).toEqual(["1", "2", "3"]);
  expect(await left(queue)).toBe(0);
  const { receivedMessageItems } = await poisonQueue.receiveMessages();
  expect(receivedMessageItems.map(({ messageText }) => messageText)).toEqual([base64("bad")]);
  expect(log).toMatchObject([
    { level: "warning", message: expect.stringContaining(`failed 3 times and goes to ${poisonQueue.name}`) },
  ]);
});

test("a failed message stays hidden for the visibility timeout", async () => {
  const { add, all } = collector(1);
  const { queue, begin, send } = await listen(
    async (trigger) => {
      add(trigger);
      throw new Error("no");
    },
    { visibilityTimeout: 60_000 },
  );
  await queue.create();
  await send("later");
  const listener = begin();
  await all;
  await listener.stop();
  expect(await left(queue)).toBe(1);
  expect((await queue.receiveMessages()).receivedMessageItems).toEqual([]);
});

test("a message that killed maxDequeueCount hosts is only moved to the poison queue", async () => {
  const { seen, add } = collector(1);
  const { queue, poisonQueue, begin, send } = await listen(async (trigger) => add(trigger));
  await queue.create();
  await send("deadly");
  for (let deaths = 0; deaths < 3; ) {
    const [message] = (await queue.receiveMessages({ visibilityTimeout: 600 })).receivedMessageItems;
    // Visible again at once.
    if (message) await queue.updateMessage(message.messageId, message.popReceipt, undefined, 0);
    deaths = message?.dequeueCount ?? deaths;
  }
  begin();
  await expect.poll(async () => (await poisonQueue.exists()) && (await left(poisonQueue))).toBe(1);
  expect(seen).toEqual([]);
});

test("a message that is not base64 goes to the poison queue unchanged", async () => {
  const encoded = await listen(async () => {});
  await encoded.queue.create();
  await encoded.queue.sendMessage("{not base64}");
  encoded.begin();
  await expect
    .poll(async () => (await encoded.poisonQueue.exists()) && (await left(encoded.poisonQueue)))
    .toBe(1);
  expect((await encoded.poisonQueue.peekMessages()).peekedMessageItems[0]?.messageText).toBe("{not base64}");
});

test("the next batch is fetched once only newBatchThreshold messages are running", async () => {
  const { seen, add, all } = collector(20);
  const held: (() => void)[] = [];
  const { queue, begin, send } = await listen(
    async (trigger) => {
      await new Promise<void>((release) => held.push(release));
      add(trigger);
    },
    { batchSize: 4, newBatchThreshold: 2 },
  );
  await queue.create();
  for (let i = 0; i < 20; i++) await send(String(i));
  begin();
  const inHand = async (count: number) => {
    await expect.poll(() => held.length).toBe(count);
    // Enough time for a wrong fetch of the next batch.
    await queue.getProperties();
    expect(held).toHaveLength(count);
  };
  await inHand(4);
  held.shift()?.();
  await inHand(3);
  held.shift()?.();
  await inHand(6);
  while (seen.length < 20) {
    held.shift()?.();
    await new Promise((done) => setImmediate(done));
  }
  await all;
  expect(new Set(seen).size).toBe(20);
});

test("stop() waits for the running message and receives no other", async () => {
  const started = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const { queue, begin, send } = await listen(async () => {
    started.resolve();
    await release.promise;
  });
  await queue.create();
  await send("slow");
  const listener = begin();
  await started.promise;
  let stopped = false;
  const stopping = listener.stop().then(() => {
    stopped = true;
  });
  await queue.getProperties();
  expect(stopped).toBe(false);
  release.resolve();
  await stopping;
  expect(await left(queue)).toBe(0);
  await send("next");
  expect(await left(queue)).toBe(1);
});

test("an unreachable queue is polled again, with one warning", async () => {
  const taken = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => taken.listen(0, "127.0.0.1", listening));
  const { port } = taken.address() as { port: number };
  const connection = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:${port}/a;`;
  const [unreachable, poison] = await openQueues(connection, "q", "F");
  const log: LogEntry[] = [];
  const clock = new HastyClock();
  const note = (entry: LogEntry) => log.push(entry);
  const listener = listenToQueue([unreachable, poison], settings, async () => {}, note, { clock });
  await expect.poll(() => clock.waits.length).toBeGreaterThan(1);
  await listener.stop();
  taken.close();
  expect(log).toHaveLength(1);
  expect(log[0]).toMatchObject({
    level: "warning",
    message: expect.stringMatching(/^Queue q: cannot be read: /),
  });
});

test("the polling pause of an empty queue grows from 100 ms to the limit", () => {
  const pauses = (random: number, max: number) =>
    [1, 2, 3, 4, 5, 6].map((n) => pollingDelay(n, max, () => random));
  expect(pauses(0.5, 1000)).toEqual([100, 200, 300, 500, 900, 1000]);
  expect(pauses(0, 60_000)).toEqual([100, 180, 260, 420, 740, 1380]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (n, max, random) => {
        const pause = pollingDelay(n, max, () => random);
        expect(pause).toBeGreaterThanOrEqual(Math.min(100, max));
        expect(pause).toBeLessThanOrEqual(max);
      },
    ),
  );
});

test("an empty queue is polled with growing pauses", async () => {
  const { clock, begin } = await listen(async () => {});
  const listener = begin();
  await expect.poll(() => clock.waits.length).toBeGreaterThan(6);
  await listener.stop();
  expect(clock.waits[0]).toBe(100);
  expect(clock.waits.slice(0, 5)).toEqual(clock.waits.slice(0, 5).toSorted((a, b) => a - b));
  expect(clock.waits[6]).toBe(1000);
});

test("queue and admin route give a queue function the same message and metadata", async () => {
  const queue = service.getQueueClient(`q-${randomUUID()}`);
  await queue.create();
  const { messageId } = await queue.sendMessage(base64('{"id": 7}'));
  await queue.sendMessage(base64('{"fail": true}'));
  const host = await startHostProcess({
    app: fixture("queues.mjs"),
    env: { LiveChatStorage: storage, WORK_QUEUE: queue.name },
    files: {
      "host.json": { extensions: { queues: { maxDequeueCount: 1, maxPollingInterval: "00:00:00.100" } } },
    },
  });
  await host.line(new RegExp(`goes to ${queue.name}-poison`));
  const url = `${host.url}/admin/functions/Work`;
  expect((await fetch(url, { method: "POST", body: '{"input":"{\\"by\\": \\"hand\\"}"}' })).status).toBe(202);
  await host.line(/hand/);
  expect(await host.stop()).toEqual({ code: 0, signal: null });

  const got = host
    .log()
    .filter(({ message }) => message.startsWith("got "))
    .map(({ message }) => JSON.parse(message.slice(4)));
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
  expect(got.find(({ message }) => message.id === 7)).toEqual({
    message: { id: 7 },
    metadata: {
      queueTrigger: { id: 7 },
      id: messageId,
      popReceipt: expect.any(String),
      dequeueCount: 1,
      insertionTime: time,
      expirationTime: time,
      nextVisibleTime: time,
    },
  });
  expect(got.find(({ message }) => message.by === "hand").metadata.dequeueCount).toBe(1);
  expect(host.log().find(({ level }) => level === "error")).toMatchObject({
    function: "Work",
    message: "Error: the message failed",
  });
  expect(await left(queue)).toBe(0);
  expect(await left(service.getQueueClient(`${queue.name}-poison`))).toBe(1);
});
