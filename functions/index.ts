import { app } from "@azure/functions";
import { handle } from "../shared/http/handle.ts";
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
  app.timer(id, { schedule, handler: (_, context) => run(services, context) });
}
