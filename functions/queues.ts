import { findWakeQueue } from "../shared/core/storage-location.ts";
import { dispatch } from "./subscriptions/dispatch.ts";

/**
 * The functions that a queue message starts. They ignore the content of the message, which may arrive more than once.
 * `connection` names the setting, or the prefix of the settings, with the queue's address.
 */
export function queues(environment: Record<string, string | undefined>) {
  const queue = findWakeQueue(environment);
  if (!queue) return [];
  return [{ id: "DispatchQueue", queueName: queue.name, connection: queue.connection, run: dispatch }];
}
