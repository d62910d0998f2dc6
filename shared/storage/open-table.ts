import { setImmediate } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { type Credential, managedIdentity } from "../core/managed-identity.ts";
import type { StorageLocation } from "../core/storage-location.ts";
import type { Clock } from "./clock.ts";
import { escapeSeparators } from "./limits.ts";

type PipelinePolicy = Parameters<TableClient["pipeline"]["addPolicy"]>[0];

type TableOptions = {
  /** Milliseconds for one request. The SDK has no time limit. */
  timeLimit?: number;
  /** Used instead of the managed identity. */
  credential?: Credential;
  /** Compared with the service's time in every answer. */
  clock?: Clock;
};

/**
 * Opens a table. A process should open it only once, because every client has its own connections. Nothing is sent
 * before the first operation. An operation that finds the table missing creates it. Creating it at each start would
 * add conflicts to the telemetry.
 *
 * The SDK does not retry: a commit whose answer was lost would look like a conflict. Such a write throws
 * `OutcomeUnknown`.
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
  // In the first phase: the policy that signs a request also sets its length.
  table.pipeline.addPolicy(escaping, { phase: "Serialize" });
  // In the retry phase, a policy gets answers before the SDK turns them into errors.
  table.pipeline.addPolicy(resending(table, timeLimit), { phase: "Retry" });
  if (clock) table.pipeline.addPolicy(readClock(clock), { phase: "Sign" });
  return table;
}

const escaping: PipelinePolicy = {
  name: "escapeSeparators",
  sendRequest(request, next) {
    if (typeof request.body === "string") request.body = escapeSeparators(request.body);
    return next(request);
  },
};

/** Sends a request again when it certainly changed nothing. Each attempt has the time limit. */
function resending(table: TableClient, timeLimit: number): PipelinePolicy {
  let creation: Promise<void> | undefined;
  return {
    name: "sendAgain",
    async sendRequest(request, next) {
      request.timeout ||= timeLimit;
      const response = await readAgain(request, next);
      // A request to a missing table changed nothing. The answer to a transaction is always 202, with the error inside.
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

/** After a pause of the process, several idle connections may be closed. */
const MAX_READS = 3;

/**
 * Sends a read again when its connection was closed: the service may close an idle connection just when it is used
 * again. A write is not sent again, because it may have been carried out.
 */
async function readAgain(...[request, next]: Parameters<PipelinePolicy["sendRequest"]>) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(request);
    } catch (error) {
      const isAborted = error instanceof Error && error.name === "AbortError";
      if (request.method !== "GET" || isAborted || attempt === MAX_READS) throw error;
      // By then, the other closed connections have left the pool.
      await setImmediate();
    }
  }
}

/** Compares the clock with the time of each answer. */
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

/** Whether a connection string asks for http, as the emulator's does. The SDK refuses http by default. */
function isPlainHttp(connectionString: string): boolean {
  return /UseDevelopmentStorage=true|TableEndpoint=http:|DefaultEndpointsProtocol=http(;|$)/i.test(
    connectionString,
  );
}
