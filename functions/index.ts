import { app, type HttpHandler, type InvocationContext } from "@azure/functions";
import { lazy } from "../shared/core/lazy.ts";
import { type Log, logFailure, logTo } from "../shared/core/log.ts";
import { within } from "../shared/core/within.ts";
import { handle } from "../shared/http/handle.ts";
import type { Operation } from "../shared/http/operation.ts";
import { toProblemResponse } from "../shared/http/problem.ts";
import { inSpan } from "../shared/telemetry/spans.ts";
import { operations } from "./operations.ts";
import { queues } from "./queues.ts";
import type { Services } from "./services.ts";
import { startTelemetry } from "./telemetry.ts";
import { timers } from "./timers.ts";

// Without streaming, the Functions host drops every body that comes without a Content-Length.
app.setup({ enableHttpStream: process.env.HTTP_STREAMING?.trim() !== "off" });

/**
 * The services are made, and their code loaded, by the first request or timer: registering the functions, which the
 * Functions host waits for before anything else, takes less than half the time without them.
 */
const services = lazy(async (): Promise<Services> => {
  const [{ createServices }] = await Promise.all([import("./services.ts"), startTelemetry(process.env)]);
  const made = createServices(process.env);
  // What was delivered and not written yet would be delivered again.
  app.hook.appTerminate(() => within(LAST_DELIVERIES, made.subscribers.stop(), undefined));
  return made;
});

/** How long callbacks that are under way may hold up the end of an instance, in milliseconds. */
const LAST_DELIVERIES = 5_000;

for (const operation of operations) {
  app.http(operation.id, {
    // Monitors ask for pages that need no key by HEAD.
    methods: operation.method === "GET" && operation.anonymous ? ["GET", "HEAD"] : [operation.method],
    route: operation.route,
    authLevel: operation.anonymous ? "anonymous" : "function",
    handler: answer(operation),
  });
}

for (const { id, schedule, run } of timers(process.env)) {
  app.timer(id, { schedule, handler: work(id, run) });
}

for (const { id, queueName, connection, run } of queues(process.env)) {
  app.storageQueue(id, { queueName, connection, handler: work(id, run) });
}

function answer(operation: Operation<Services>): HttpHandler {
  return async (request, context) => {
    try {
      return await handle(operation, await services())(request, context);
    } catch (error) {
      logFailure(error, context);
      return toProblemResponse(error);
    }
  };
}

function work(id: string, run: (services: Services, log: Log) => Promise<void>) {
  return async (_: unknown, context: InvocationContext) => {
    try {
      const made = await services();
      await inSpan(id, () => run(made, logTo(context)), {
        parent: context.traceContext,
        attributes: { "faas.invocation_id": context.invocationId },
      });
    } catch (error) {
      logFailure(error, context);
      // The host must see the failure, and print nothing private of it.
      throw new Error(`${id} failed: see the line before`);
    }
  };
}
