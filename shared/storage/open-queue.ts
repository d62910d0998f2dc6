import { StorageUnavailable } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import { managedIdentity } from "../core/managed-identity.ts";
import type { StorageLocation } from "../core/storage-location.ts";

/** A message that was put: what it takes to change it before it was received. */
export type MessageReceipt = { messageId: string; popReceipt: string };

/** A queue to put messages into, and to look at. */
export type OpenQueue = ReturnType<typeof openQueue>;
export type Queue = Omit<OpenQueue, "probe">;

/** Milliseconds for one request. The SDK itself would wait for ever. */
const QUEUE_TIMEOUT = 2_000;
/** Time to live of a message, in seconds: untaken messages must not pile up. */
const USEFUL_FOR = 60;

/** For the options of one request. */
const timeLimit = () => ({ abortSignal: AbortSignal.timeout(QUEUE_TIMEOUT) });

/**
 * Opens a queue to send to. Its library is loaded, and the queue created if it is not there, by the first message that is
 * put: a start does without. Text goes in Base64, as `host.json` tells the queue's function to expect it. Every call
 * rejects when it is not confirmed in time.
 */
export function openQueue(location: StorageLocation, name: string) {
  const open = lazy(async () => {
    const { QueueClient } = await import("@azure/storage-queue");
    const options = { retryOptions: { maxTries: 1 } };
    return "connectionString" in location
      ? new QueueClient(location.connectionString, name, options)
      : new QueueClient(`${location.uri}/${name}`, managedIdentity(location.clientId), options);
  });

  return {
    /** Puts a message that shows after so many milliseconds. */
    async put(text: string, afterMs = 0): Promise<MessageReceipt> {
      const queue = await open();
      const message = Buffer.from(text, "utf8").toString("base64");
      const visibilityTimeout = wholeSeconds(afterMs);
      const messageTimeToLive = visibilityTimeout + USEFUL_FOR;
      const send = () => queue.sendMessage(message, { visibilityTimeout, messageTimeToLive, ...timeLimit() });
      try {
        return await send();
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        await queue.createIfNotExists(timeLimit());
        return send();
      }
    },
    /** Has a message show so many milliseconds from now. @throws when it was received already */
    async postpone({ messageId, popReceipt }: MessageReceipt, afterMs: number): Promise<MessageReceipt> {
      const queue = await open();
      const seconds = wholeSeconds(afterMs);
      const updated = await queue.updateMessage(messageId, popReceipt, undefined, seconds, timeLimit());
      return { messageId, popReceipt: updated.popReceipt ?? popReceipt };
    },
    /** Removes a message. @throws when it was received already */
    async takeBack({ messageId, popReceipt }: MessageReceipt): Promise<void> {
      await (await open()).deleteMessage(messageId, popReceipt, timeLimit());
    },
    /** Resolves when the queue answers; one that is yet to be created counts as there. @throws {StorageUnavailable} */
    async probe(): Promise<void> {
      try {
        await (await open()).getProperties(timeLimit());
      } catch (error) {
        const { statusCode: status, code } = error as { statusCode?: number; code?: string };
        if (status === 404) return;
        const upstream = { status, code };
        throw new StorageUnavailable("The queue cannot be reached.", { upstream, cause: error });
      }
    },
  };
}

/** The service counts in seconds. */
const wholeSeconds = (milliseconds: number) => Math.ceil(milliseconds / 1_000);
