import { lazy } from "../core/lazy.ts";
import type { StorageLocation } from "../core/storage-location.ts";
import { managedIdentity } from "./managed-identity.ts";

/** Puts a message into a queue, which shows after so many milliseconds. It rejects when that is not confirmed in time. */
export type Send = (text: string, afterMs?: number) => Promise<void>;

/** Milliseconds for one request. The SDK itself would wait for ever. */
const TIME_LIMIT = 2_000;
/** Seconds for which a message is of any use: those that nobody takes must not pile up. */
const USEFUL_FOR = 60;

/**
 * Opens a queue to send to. Its library is loaded, and the queue created if it is not there, by the first message that is
 * sent: a start does without. Text goes in Base64, as `host.json` tells the queue's function to expect it.
 */
export function openQueue(location: StorageLocation, name: string): Send {
  const open = lazy(async () => {
    const { QueueClient } = await import("@azure/storage-queue");
    const options = { retryOptions: { maxTries: 1 } };
    return "connectionString" in location
      ? new QueueClient(location.connectionString, name, options)
      : new QueueClient(`${location.uri}/${name}`, managedIdentity(location.clientId), options);
  });

  return async (text, afterMs = 0) => {
    const queue = await open();
    const message = Buffer.from(text, "utf8").toString("base64");
    // The service counts in seconds.
    const visibilityTimeout = Math.ceil(afterMs / 1000);
    const send = () =>
      queue.sendMessage(message, {
        visibilityTimeout,
        messageTimeToLive: visibilityTimeout + USEFUL_FOR,
        abortSignal: AbortSignal.timeout(TIME_LIMIT),
      });
    try {
      await send();
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
      await queue.createIfNotExists({ abortSignal: AbortSignal.timeout(TIME_LIMIT) });
      await send();
    }
  };
}
