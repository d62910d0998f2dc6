import { objectOf } from "../../shared/core/values.ts";
import { readJsonFile } from "./local-settings.ts";
import { StartError } from "./start-error.ts";

export type QueueSettings = {
  /** The largest number of messages that one request fetches. */
  batchSize: number;
  /** The next batch is fetched when at most this many messages are still being processed. */
  newBatchThreshold: number;
  /** Failed attempts after which a message goes to the poison queue. */
  maxDequeueCount: number;
  /** The longest pause between two polls of an empty queue, in milliseconds. */
  maxPollingInterval: number;
  /** The pause before a failed message is retried, in milliseconds. */
  visibilityTimeout: number;
};

export type HostSettings = { routePrefix: string; queues: QueueSettings };

/**
 * Reads the route prefix and the queues section of `host.json` in the current directory, with the real host's defaults
 * (learn.microsoft.com/azure/azure-functions/functions-host-json).
 *
 * @throws StartError when the file cannot be used
 */
export function readHostJson(path = "host.json"): HostSettings {
  const { extensions } = readJsonFile(path) ?? {};
  const http = section(extensions, "http");
  const queues = section(extensions, "queues");
  const { messageEncoding = "base64" } = queues;
  if (messageEncoding !== "base64")
    throw new StartError(`${path}: extensions.queues.messageEncoding is not base64`);
  const batchSize = integer("batchSize", 16, 1, 32);
  return {
    routePrefix: String(http.routePrefix ?? "api").replace(/^\/+|\/+$/g, ""),
    queues: {
      batchSize,
      newBatchThreshold: integer("newBatchThreshold", Math.floor(batchSize / 2), 0, 1000),
      maxDequeueCount: integer("maxDequeueCount", 5, 1, 1000),
      maxPollingInterval: timeSpan("maxPollingInterval", "00:01:00"),
      visibilityTimeout: timeSpan("visibilityTimeout", "00:00:00"),
    },
  };

  function integer(name: string, fallback: number, min: number, max: number): number {
    const value = queues[name] ?? fallback;
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    throw new StartError(`${path}: extensions.queues.${name} is not an integer from ${min} to ${max}`);
  }

  function timeSpan(name: string, fallback: string): number {
    const value = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(String(queues[name] ?? fallback));
    if (!value)
      throw new StartError(`${path}: extensions.queues.${name} is not a time span such as 00:00:30`);
    const [, days = "0", hours, minutes, seconds] = value;
    return Math.round(
      ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000,
    );
  }
}

function section(extensions: unknown, name: string): Record<string, unknown> {
  return objectOf(objectOf(extensions)[name]);
}
