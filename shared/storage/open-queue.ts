import { StorageUnavailable } from "../core/errors.ts";
import { lazy } from "../core/lazy.ts";
import { managedIdentity } from "../core/managed-identity.ts";
import type { StorageLocation } from "../core/storage-location.ts";

/** Identifies a message that was sent. It is needed to postpone or remove the message. */
export type MessageReceipt = { messageId: string; popReceipt: string };

export type OpenQueue = ReturnType<typeof openQueue>;
export type Queue = Omit<OpenQueue, "probe">;

/** Seconds after which an unreceived message is removed, so that such messages do not accumulate. */
const TIME_TO_LIVE = 60;

/**
 * Opens a queue for sending. The first message loads the SDK, so a start of the app stays fast, and creates a missing
 * queue. Text is sent as Base64, which `host.json` sets for the function that receives it. Every call rejects
 * when the service does not confirm it in time.
 *
 * @param limit milliseconds for one request: the SDK has no time limit
 */
export function openQueue(location: StorageLocation, name: string, limit = 2_000) {
  const timeLimit = () => ({ abortSignal: AbortSignal.timeout(limit) });
  const open = lazy(async () => {
    const { QueueClient } = await import("@azure/storage-queue");
    const options = { retryOptions: { maxTries: 1 } };
    return "connectionString" in location
      ? new QueueClient(location.connectionString, name, options)
      : new QueueClient(`${location.uri}/${name}`, managedIdentity(location.clientId), options);
  });

  return {
    /** Sends a message that is received after `afterMs` milliseconds. */
    async put(text: string, afterMs = 0): Promise<MessageReceipt> {
      const queue = await open();
      const message = Buffer.from(text, "utf8").toString("base64");
      const visibilityTimeout = wholeSeconds(afterMs);
      const messageTimeToLive = visibilityTimeout + TIME_TO_LIVE;
      const send = () => queue.sendMessage(message, { visibilityTimeout, messageTimeToLive, ...timeLimit() });
      try {
        return await send();
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        await queue.createIfNotExists(timeLimit());
        return send();
      }
    },
    /** Postpones a message to `afterMs` milliseconds from now. @throws when it was already received */
    async postpone({ messageId, popReceipt }: MessageReceipt, afterMs: number): Promise<MessageReceipt> {
      const queue = await open();
      const seconds = wholeSeconds(afterMs);
      const updated = await queue.updateMessage(messageId, popReceipt, undefined, seconds, timeLimit());
      return { messageId, popReceipt: updated.popReceipt ?? popReceipt };
    },
    /** Removes a message. @throws when it was already received */
    async takeBack({ messageId, popReceipt }: MessageReceipt): Promise<void> {
      await (await open()).deleteMessage(messageId, popReceipt, timeLimit());
    },
    /** Resolves when the service answers, even if the queue does not exist yet. @throws {StorageUnavailable} */
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

/** Rounds up to the whole seconds that the service accepts. */
const wholeSeconds = (milliseconds: number) => Math.ceil(milliseconds / 1_000);
