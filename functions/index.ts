import { app } from "@azure/functions";
import { handle } from "../shared/http/handle.ts";
import { logFailure, logTo } from "../shared/log.ts";
import { operations } from "./operations.ts";
import { createServices } from "./services.ts";
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
  app.timer(id, {
    schedule,
    handler: async (_, context) => {
      try {
        await run(services, logTo(context));
      } catch (error) {
        logFailure(error, context);
        // The host must see that it failed, and print nothing of it that is private.
        throw new Error(`${id} failed: see the line before`);
      }
    },
  });
}
