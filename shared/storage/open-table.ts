import { TableClient } from "@azure/data-tables";
import { type Credential, managedIdentity } from "../core/managed-identity.ts";
import type { StorageLocation } from "../core/storage-location.ts";
import type { Clock } from "./clock.ts";

type PipelinePolicy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];

type TableOptions = {
  /** Milliseconds for one request. The SDK itself would wait for ever. */
  timeLimit?: number;
  /** Takes the managed identity's place. */
  credential?: Credential;
  /** Learns the service's time from every answer. */
  clock?: Clock;
};

/**
 * Opens a table: once per table for the life of the process, since every client has its own connections. Nothing is
 * sent until the first operation, and the first operation that finds the table missing creates it: creating it at each
 * start would fill the telemetry with conflicts.
 *
 * The SDK's retries are off: they make a commit whose answer was lost look like a conflict. A write of unknown outcome is
 * reported as such (see `OutcomeUnknown`).
 */
export function openTable(
  location: StorageLocation,
  tableName: string,
  { timeLimit = 4_000, clock, credential }: TableOptions = {},
): TableClient {
  const options = { retryOptions: { maxRetries: 0 } };
  const table =
    "connectionString" in location
      ? TableClient.fromConnectionString(location.connectionString, tableName, {
          ...options,
          allowInsecureConnection: isPlainHttp(location.connectionString),
        })
      : new TableClient(location.uri, tableName, credential ?? managedIdentity(location.clientId), options);
  // In the retry phase a policy meets bare answers, before the SDK makes errors of them.
  table.pipeline.addPolicy(resending(table, timeLimit), { phase: "Retry" });
  if (clock) table.pipeline.addPolicy(readClock(clock), { phase: "Sign" });
  return table;
}

/** Sends a request again where that is surely harmless, each within the time limit. */
function resending(table: TableClient, timeLimit: number): PipelinePolicy {
  let creation: Promise<void> | undefined;
  return {
    name: "sendAgain",
    async sendRequest(request, next) {
      request.timeout ||= timeLimit;
      const response = await readAgain(request, next);
      // A missing table's 404 comes before anything was done. A transaction is always answered 202; its error is inside.
      if (response.status !== 404 && response.status !== 202) return response;
      if (!response.bodyAsText?.includes('"TableNotFound"')) return response;
      creation ??= table.createTable().finally(() => {
        creation = undefined;
      });
      await creation;
      return readAgain(request, next);
    },
  };
}

/** After a standstill, several kept connections may be closed. */
const READS = 3;

/**
 * The other end may close an idle connection just when it is used again. A read that meets this is simply made anew; a
 * write is not, since how far it came cannot be seen.
 */
async function readAgain(...[request, next]: Parameters<PipelinePolicy["sendRequest"]>) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(request);
    } catch (error) {
      const isOver = error instanceof Error && error.name === "AbortError";
      if (request.method !== "GET" || isOver || attempt === READS) throw error;
    }
  }
}

/** Shows the clock the time of each answer. */
function readClock(clock: Clock): PipelinePolicy {
  return {
    name: "readClock",
    async sendRequest(request, next) {
      const sent = clock.own();
      const response = await next(request);
      clock.observe(response.headers.get("date"), sent);
      return response;
    },
  };
}

/** Only the emulator speaks plain http; keys must not travel that way by mistake. */
function isPlainHttp(connectionString: string): boolean {
  return /UseDevelopmentStorage=true|TableEndpoint=http:|DefaultEndpointsProtocol=http(;|$)/i.test(
    connectionString,
  );
}
