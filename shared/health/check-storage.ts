import { StorageUnavailable } from "../core/errors.ts";
import type { Examined } from "./examined.ts";
import { attention, bad, type Finding, ok, withOrigin } from "./finding.ts";

export async function lookAtStorage({ eventLog }: Examined): Promise<Finding> {
  try {
    await eventLog.probe();
    return ok("Table Storage can be written and read.");
  } catch (error) {
    return judgeStorageFailure(error);
  }
}

/**
 * The queue wakes the app to deliver events whose process ended before it delivered them. Without the queue, the timer
 * delivers them.
 */
export async function lookAtQueue({ queue }: Examined): Promise<Finding> {
  if (!queue) return ok("The settings name no queue: the timer starts deliveries.");
  try {
    await queue.probe();
    return ok("The queue that wakes deliveries answers.");
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    return attention(
      `${withOrigin(error)} Repeated deliveries to subscribers wait for the timer.`,
      "Check that the storage account of the tables has a queue service that this app can reach. Give the app's identity the role Storage Queue Data Contributor.",
    );
  }
}

/** Judges a failed call to Table Storage. @throws an error of another kind */
export function judgeStorageFailure(error: unknown): Finding {
  if (!(error instanceof StorageUnavailable)) throw error;
  const refused = [401, 403].includes(error.upstream?.status ?? 0);
  return bad(
    `${withOrigin(error)} Meanwhile deliveries are answered 503. LiveChat repeats them: with the API v2 for six hours, on the Text platform for a minute.`,
    refused
      ? "Give the app's identity the role Storage Table Data Contributor, or correct the connection string in LiveChatStorage."
      : "Check that the storage account in LiveChatStorage (or LiveChatStorage__tableServiceUri, or AzureWebJobsStorage) exists and that its firewall admits this app.",
  );
}
