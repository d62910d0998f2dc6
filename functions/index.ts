import { app, type HttpHandler, type InvocationContext } from "@azure/functions";
import { type Log, logFailure } from "../shared/core/log.ts";
import type { Operation } from "../shared/http/operation.ts";
import { toProblemResponse } from "../shared/http/problem.ts";
import { queues } from "./queues.ts";
import { registrations } from "./registrations.ts";
import type { Services } from "./services.ts";
import { timers } from "./timers.ts";

/*
 * A cold start must be short: the Functions host waits until all functions are registered, and LiveChat waits for the
 * answer to its delivery. So this module imports only the registration of each operation. The first call of an
 * operation loads the code of all operations. A first delivery loads the code of the receivers only.
 */

// Without streaming, the Functions host drops every body that comes without a Content-Length.
app.setup({ enableHttpStream: process.env.HTTP_STREAMING?.trim() !== "off" });

const loadReceivers = async () => (await import("./receivers/index.ts")).receivers;
const loadOperations = async () => (await import("./operations.ts")).operations;

for (const { id, methods, route, authLevel, receives } of registrations) {
  const handler = requestHandler(id, receives ? loadReceivers : loadOperations);
  app.http(id, { methods, route, authLevel, handler });
}

for (const { id, schedule, run } of timers(process.env)) {
  app.timer(id, { schedule, handler: workHandler(id, run) });
}

for (const { id, queueName, connection, run } of queues(process.env)) {
  app.storageQueue(id, { queueName, connection, handler: workHandler(id, run) });
}

function requestHandler(id: string, load: () => Promise<readonly Operation<Services>[]>): HttpHandler {
  return async (request, context) => {
    try {
      const [{ handle, services }, operations] = await Promise.all([import("./serve.ts"), load()]);
      const operation = operations.find((one) => one.id === id) as Operation<Services>;
      return await handle(operation, await services(), request, context);
    } catch (error) {
      logFailure(error, context);
      return toProblemResponse(error);
    }
  };
}

function workHandler(id: string, run: (services: Services, log: Log) => Promise<void>) {
  return async (_: unknown, context: InvocationContext) => {
    try {
      const { serveWork } = await import("./serve.ts");
      await serveWork(id, run, context);
    } catch (error) {
      logFailure(error, context);
      // The host must see that the function failed, but must not print private details of the error.
      throw new Error(`${id} failed: see the line before`);
    }
  };
}

/**
 * Milliseconds from the start of an instance until it loads the code of the services, of telemetry and of `fetch`, so
 * the first call need not wait for it. The library uses `fetch` for every request. When loading fails, the first call
 * tries again.
 */
const LOAD_DELAY = 50;
setTimeout(() => {
  void globalThis.Request;
  import("./serve.ts").then(({ services }) => services()).catch(() => {});
}, LOAD_DELAY).unref();
