import type { Log } from "../shared/core/log.ts";
import { findWakeQueue } from "../shared/core/wake-queue.ts";
import type { Services } from "./services.ts";
import { dispatch } from "./subscriptions/dispatch.ts";

export type QueueFunction = {
  id: string;
  queueName: string;
  /** The setting, or the prefix of the settings, in which the host finds the queue's address. */
  connection: string;
  run(services: Services, log: Log): Promise<void>;
};

/** The work that a queue message starts. The content of a message does not matter, nor how often it comes. */
export function queues(environment: Record<string, string | undefined>): readonly QueueFunction[] {
  const queue = findWakeQueue(environment);
  if (!queue) return [];
  return [{ id: "DispatchQueue", queueName: queue.name, connection: queue.connection, run: dispatch }];
}
