import { findWakeQueue } from "../shared/core/wake-queue.ts";
import { dispatch } from "./subscriptions/dispatch.ts";

/**
 * The functions that a queue message starts. The content of a message does not matter, nor how often it comes.
 * `connection` is the setting, or the prefix of the settings, in which the host finds the queue's address.
 */
export function queues(environment: Record<string, string | undefined>) {
  const queue = findWakeQueue(environment);
  if (!queue) return [];
  return [{ id: "DispatchQueue", queueName: queue.name, connection: queue.connection, run: dispatch }];
}
