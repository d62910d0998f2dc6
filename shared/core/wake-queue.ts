import { hasQueues, locateStorage, type StorageSettings } from "./storage-location.ts";

export const DEFAULT_WAKE_QUEUE = "livechat-wake";

/**
 * The queue whose messages wake the dispatcher, in the account of the tables. The app registers the queue's function
 * while it loads, before it validates the settings.
 */
export function findWakeQueue(env: StorageSettings & { WAKE_QUEUE?: string }) {
  const found = locateStorage(env, "queue");
  if (!found || !hasQueues(found.location)) return undefined;
  return { name: env.WAKE_QUEUE?.trim() || DEFAULT_WAKE_QUEUE, ...found };
}
