import { app, type InvocationContext } from "@azure/functions";
import { handle } from "../shared/http/handle.ts";
import { type Log, logFailure, logTo } from "../shared/log.ts";
import { operations } from "./operations.ts";
import { queues } from "./queues.ts";
import { createServices, type Services } from "./services.ts";
import { timers } from "./timers.ts";

const services = createServices(process.env);

for (const operation of operations) {
  app.http(operation.id, {
    methods: [operation.method],
    route: operation.route,
    authLevel: operation.access === "key" ? "function" : "anonymous",
    handler: handle(operation, services),
  });
}

for (const { id, schedule, run } of timers(process.env)) {
  app.timer(id, { schedule, handler: work(id, run) });
}

for (const { id, queueName, connection, run } of queues(process.env)) {
  app.storageQueue(id, { queueName, connection, handler: work(id, run) });
}

function work(id: string, run: (services: Services, log: Log) => Promise<void>) {
  return async (_: unknown, context: InvocationContext) => {
    try {
      await run(services, logTo(context));
    } catch (error) {
      logFailure(error, context);
      // The host must see that it failed, and print nothing of it that is private.
      throw new Error(`${id} failed: see the line before`);
    }
  };
}
