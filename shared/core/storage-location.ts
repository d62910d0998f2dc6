/** Where a storage service is: a connection string, or an endpoint that a managed identity opens. */
export type StorageLocation =
  | { connectionString: string }
  | {
      uri: string;
      /** Client id of a user-assigned managed identity; the system-assigned one is used when not given. */
      clientId?: string;
    };

/** The settings that say where storage is. */
export type StorageSettings = {
  LiveChatStorage?: string;
  LiveChatStorage__tableServiceUri?: string;
  LiveChatStorage__queueServiceUri?: string;
  LiveChatStorage__clientId?: string;
  AzureWebJobsStorage?: string;
};

/**
 * `LiveChatStorage` before its endpoint for the service before the storage of the Functions host itself.
 *
 * @returns the location, and the setting or prefix of settings that it comes from: a queue function's `connection`
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

/** Whether the location leads to queues: a connection string may be for tables alone. */
export function hasQueues(location: StorageLocation): boolean {
  return (
    "uri" in location ||
    /(^|;)\s*(UseDevelopmentStorage=true|QueueEndpoint=|EndpointSuffix=)/i.test(location.connectionString)
  );
}
