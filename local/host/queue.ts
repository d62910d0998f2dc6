import { randomUUID } from "node:crypto";
import type { QueueClient } from "@azure/storage-queue";
import type { TriggerData } from "./core-types.ts";
import type { QueueSettings } from "./host-json.ts";
import type { Trigger } from "./invoke.ts";
import { type Clock, type Listener, systemClock, toHostTime } from "./listener.ts";
import { describeError, type Log } from "./log.ts";
import { StartError } from "./start-error.ts";

/** Seconds for which a running message stays hidden: 10 minutes, as on the real host. */
const PROCESSING_VISIBILITY = 600;

/** The time limit of a call to storage, in milliseconds. */
const STORAGE_TIMEOUT = 30_000;

/** The shortest pause between two polls of an empty queue, in milliseconds. */
const MIN_POLLING_INTERVAL = 100;

/** The fields of a message that the trigger uses. */
type Message = {
  messageId: string;
  popReceipt: string;
  messageText: string;
  dequeueCount: number;
  insertedOn: Date;
  expiresOn: Date;
  nextVisibleOn: Date;
};

/**
 * Opens the queue and its poison queue, `<name>-poison`. It loads the SDK, so only apps with a queue function load it.
 *
 * @throws StartError when the connection string cannot be read
 */
export async function openQueues(
  connection: string,
  name: string,
  functionName: string,
): Promise<[QueueClient, QueueClient]> {
  const { QueueServiceClient } = await import("@azure/storage-queue");
  try {
    const service = QueueServiceClient.fromConnectionString(connection, { retryOptions: { maxTries: 2 } });
    return [service.getQueueClient(name), service.getQueueClient(`${name}-poison`)];
  } catch {
    // The SDK's own message may quote the connection string.
    throw new StartError(`Function ${functionName}: its connection string cannot be read`);
  }
}

/**
 * Runs a queue function for every message, like the real host's storage extension: in batches, with growing pauses while
 * the queue is empty. A message is deleted after success, retried after `visibilityTimeout`, and moved to the poison queue
 * after `maxDequeueCount` failures. A missing queue is created. While storage fails, the polls go on with growing pauses,
 * and one warning is logged.
 *
 * @param run runs the function with a message; rejects when the function fails
 */
export function listenToQueue(
  [queue, poisonQueue]: [QueueClient, QueueClient],
  settings: QueueSettings,
  run: (trigger: Trigger) => Promise<unknown>,
  log: Log,
  { clock = systemClock, random = Math.random }: { clock?: Clock; random?: () => number } = {},
): Listener {
  const stopping = new AbortController();
  const inHand = new Set<Promise<void>>();
  let created = false;
  let failing = false;

  async function poll(): Promise<void> {
    let emptyPolls = 0;
    while (!stopping.signal.aborted) {
      const messages = await receive();
      for (const message of messages) keep(handle(message));
      if (messages.length === 0) {
        emptyPolls += 1;
        await clock.wait(pollingDelay(emptyPolls, settings.maxPollingInterval, random), stopping.signal);
      } else {
        emptyPolls = 0;
        while (inHand.size > settings.newBatchThreshold) await Promise.race(inHand);
      }
    }
  }

  async function receive(): Promise<Message[]> {
    try {
      if (!created) await queue.createIfNotExists(withTimeout());
      created = true;
      // A stop does not abort this call: received messages would stay hidden for ten minutes.
      const { receivedMessageItems } = await queue.receiveMessages({
        numberOfMessages: settings.batchSize,
        visibilityTimeout: PROCESSING_VISIBILITY,
        ...withTimeout(),
      });
      failing = false;
      return receivedMessageItems;
    } catch (error) {
      // The queue may have been deleted.
      created = false;
      if (!failing) warn(`cannot be read: ${describeError(error)}`);
      failing = true;
      return [];
    }
  }

  async function handle(message: Message): Promise<void> {
    const text = decode(message.messageText);
    const limit = settings.maxDequeueCount;
    try {
      if (text === undefined) return await toPoisonQueue(message, "is not base64");
      if (message.dequeueCount > limit) return await toPoisonQueue(message, `was tried ${limit} times`);
      const succeeded = await run({ data: { string: text }, metadata: metadata(text, message) }).then(
        () => true,
        () => false,
      );
      if (succeeded) {
        await queue.deleteMessage(message.messageId, message.popReceipt, withTimeout());
      } else if (message.dequeueCount >= limit) {
        await toPoisonQueue(message, `failed ${limit} times`);
      } else {
        const pause = Math.ceil(settings.visibilityTimeout / 1000);
        await queue.updateMessage(message.messageId, message.popReceipt, undefined, pause, withTimeout());
      }
    } catch (error) {
      // No message is lost: it shows again after its visibility timeout.
      warn(`message ${message.messageId} could not be finished: ${describeError(error)}`);
    }
  }

  async function toPoisonQueue({ messageId, popReceipt, messageText }: Message, why: string): Promise<void> {
    warn(`message ${messageId} ${why} and goes to ${poisonQueue.name}`);
    await poisonQueue.createIfNotExists(withTimeout());
    await poisonQueue.sendMessage(messageText, withTimeout());
    await queue.deleteMessage(messageId, popReceipt, withTimeout());
  }

  function keep(work: Promise<void>): void {
    inHand.add(work);
    work.finally(() => inHand.delete(work));
  }

  function warn(message: string): void {
    log({ level: "warning", message: `Queue ${queue.name}: ${message}` });
  }

  const polling = poll();

  return {
    trigger(input) {
      const text = typeof input === "string" ? input : JSON.stringify(input ?? "");
      const now = new Date(clock.now());
      const message = {
        messageId: randomUUID(),
        popReceipt: "",
        dequeueCount: 1,
        insertedOn: now,
        expiresOn: now,
        nextVisibleOn: now,
      };
      keep(
        run({ data: { string: text }, metadata: metadata(text, message) }).then(
          () => {},
          () => {},
        ),
      );
    },
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(inHand);
    },
  };
}

/**
 * The pause after the nth empty poll in a row, in milliseconds. The first pause is 100. Each later one is 100 plus an
 * amount that begins at 100, doubles each time and varies by a fifth. No pause is longer than `max`.
 *
 * @param random uniform in [0, 1)
 */
export function pollingDelay(emptyPolls: number, max: number, random: () => number): number {
  const share = emptyPolls < 2 ? 0 : MIN_POLLING_INTERVAL * 2 ** (emptyPolls - 2) * (0.8 + 0.4 * random());
  return Math.min(MIN_POLLING_INTERVAL + share, max);
}

function decode(text: string): string | undefined {
  const valid = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return valid ? Buffer.from(text, "base64").toString("utf8") : undefined;
}

function metadata(text: string, message: Omit<Message, "messageText">): Record<string, TriggerData> {
  const time = (date: Date) => ({ json: JSON.stringify(toHostTime(date.getTime())) });
  return {
    QueueTrigger: { string: text },
    Id: { string: message.messageId },
    PopReceipt: { string: message.popReceipt },
    DequeueCount: { json: String(message.dequeueCount) },
    InsertionTime: time(message.insertedOn),
    ExpirationTime: time(message.expiresOn),
    NextVisibleTime: time(message.nextVisibleOn),
  };
}

function withTimeout(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(STORAGE_TIMEOUT) };
}
