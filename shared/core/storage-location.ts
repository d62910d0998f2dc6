/** The location of a storage service: a connection string, or an endpoint for a managed identity. */
export type StorageLocation =
  | { connectionString: string }
  | {
      uri: string;
      /** Client id of a user-assigned managed identity; the system-assigned one by default. */
      clientId?: string;
    };

/** The settings with the location of storage. */
type StorageSettings = {
  LiveChatStorage?: string;
  LiveChatStorage__tableServiceUri?: string;
  LiveChatStorage__queueServiceUri?: string;
  LiveChatStorage__clientId?: string;
  AzureWebJobsStorage?: string;
};

/**
 * Finds the storage of a service. `LiveChatStorage` comes first, then its endpoint for the service, then the storage
 * of the Functions host.
 *
 * @returns the location, and the name (or prefix) of its settings, which a queue function needs as `connection`
 */
export function locateStorage(
  env: StorageSettings,
  service: "table" | "queue",
): { connection: string; location: StorageLocation } | undefined {
  const { LiveChatStorage: own, LiveChatStorage__clientId: clientId, AzureWebJobsStorage: host } = env;
  const uri = env[`LiveChatStorage__${service}ServiceUri`];
  if (own) return { connection: "LiveChatStorage", location: { connectionString: own } };
  if (uri) return { connection: "LiveChatStorage", location: { uri, clientId } };
  return host ? { connection: "AzureWebJobsStorage", location: { connectionString: host } } : undefined;
}

/** True if the SDK can open tables at the location: a connection string may be wrong, or name only other services. */
export function hasTables(location: StorageLocation): boolean {
  if ("uri" in location) return true;
  const text = location.connectionString;
  if (/UseDevelopmentStorage=true/i.test(text)) return true;
  const has = (name: string) => new RegExp(`(^|;)\\s*${name}=[^;]`, "i").test(text);
  const isAccount = has("DefaultEndpointsProtocol") && has("AccountName") && has("AccountKey");
  return isAccount
    ? has("TableEndpoint") || has("EndpointSuffix")
    : has("TableEndpoint") && has("SharedAccessSignature");
}

/** True if the location has queues: a connection string may name only tables. */
export function hasQueues(location: StorageLocation): boolean {
  return (
    "uri" in location ||
    /(^|;)\s*(UseDevelopmentStorage=true|QueueEndpoint=|EndpointSuffix=)/i.test(location.connectionString)
  );
}

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
