import { StorageUnavailable } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import { managedIdentity } from "../core/managed-identity.ts";
import type { StorageLocation } from "../core/storage-location.ts";

/** A message that was put: what it takes to change it before it was received. */
export type MessageReceipt = { messageId: string; popReceipt: string };

/** A queue to put messages into. Every call rejects when it is not confirmed in time. */
export type Queue = {
  /** Puts a message that shows after so many milliseconds. */
  put(text: string, afterMs?: number): Promise<MessageReceipt>;
  /** Has a message show so many milliseconds from now. @throws when it was received already */
  postpone(receipt: MessageReceipt, afterMs: number): Promise<MessageReceipt>;
  /** Removes a message. @throws when it was received already */
  takeBack(receipt: MessageReceipt): Promise<void>;
};

/** A queue that can be looked at. */
export type OpenQueue = Queue & {
  /** Resolves when the queue answers; one that is yet to be created counts as there. @throws {StorageUnavailable} */
  probe(): Promise<void>;
};

/** Milliseconds for one request. The SDK itself would wait for ever. */
const TIME_LIMIT = 2_000;
/** Time to live of a message, in seconds: untaken messages must not pile up. */
const USEFUL_FOR = 60;

/**
 * Opens a queue to send to. Its library is loaded, and the queue created if it is not there, by the first message that is
 * put: a start does without. Text goes in Base64, as `host.json` tells the queue's function to expect it.
 */
export function openQueue(location: StorageLocation, name: string): OpenQueue {
  const open = lazy(async () => {
    const { QueueClient } = await import("@azure/storage-queue");
    const options = { retryOptions: { maxTries: 1 } };
    return "connectionString" in location
      ? new QueueClient(location.connectionString, name, options)
      : new QueueClient(`${location.uri}/${name}`, managedIdentity(location.clientId), options);
  });

  return {
    async put(text, afterMs = 0) {
      const queue = await open();
      const message = Buffer.from(text, "utf8").toString("base64");
      const visibilityTimeout = wholeSeconds(afterMs);
      const send = () =>
        queue.sendMessage(message, {
          visibilityTimeout,
          messageTimeToLive: visibilityTimeout + USEFUL_FOR,
          abortSignal: AbortSignal.timeout(TIME_LIMIT),
        });
      try {
        return await send();
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        await queue.createIfNotExists({ abortSignal: AbortSignal.timeout(TIME_LIMIT) });
        return send();
      }
    },
    async postpone({ messageId, popReceipt }, afterMs) {
      const queue = await open();
      const options = { abortSignal: AbortSignal.timeout(TIME_LIMIT) };
      const seconds = wholeSeconds(afterMs);
      const updated = await queue.updateMessage(messageId, popReceipt, undefined, seconds, options);
      return { messageId, popReceipt: updated.popReceipt ?? popReceipt };
    },
    async takeBack({ messageId, popReceipt }) {
      const queue = await open();
      await queue.deleteMessage(messageId, popReceipt, { abortSignal: AbortSignal.timeout(TIME_LIMIT) });
    },
    async probe() {
      try {
        const queue = await open();
        await queue.getProperties({ abortSignal: AbortSignal.timeout(TIME_LIMIT) });
      } catch (error) {
        const { statusCode: status, code } = error as { statusCode?: number; code?: string };
        if (status === 404) return;
        throw new StorageUnavailable("The queue cannot be reached.", {
          upstream: { status, code },
          cause: error,
        });
      }
    },
  };
}

/** The service counts in seconds. */
const wholeSeconds = (milliseconds: number) => Math.ceil(milliseconds / 1_000);
