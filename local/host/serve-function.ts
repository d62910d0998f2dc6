import type { FunctionInfo } from "./admin.ts";
import { connectionString, isDisabled, resolveAppSettings } from "./app-setting.ts";
import type { TriggerData } from "./core-types.ts";
import type { FunctionApp, RegisteredFunction } from "./function-app.ts";
import type { HostSettings } from "./host-json.ts";
import { httpRoutes, readHttpTrigger } from "./http-function.ts";
import type { Route } from "./http-server.ts";
import { invoke } from "./invoke.ts";
import type { Listener } from "./listener.ts";
import { listenToQueue, openQueues } from "./queue.ts";
import { StartError } from "./start-error.ts";
import { readSchedule, startTimer } from "./timer.ts";

/** A registered function, ready to be served. */
type ServedFunction = {
  routes: Route[];
  /** @param url the host's URL */
  about(url: string): FunctionInfo;
  /** Starts the schedule or the queue, once the host listens. */
  start?(): Listener;
};

/**
 * Reads a function's trigger: HTTP, timer or queue.
 *
 * @throws StartError for invalid options, and for unsupported features: other triggers, input and output bindings, and
 *   retry policies
 */
export async function serveFunction(
  app: FunctionApp,
  fn: RegisteredFunction,
  settings: HostSettings,
): Promise<ServedFunction> {
  const { name, triggerName, metadata } = fn;
  const refuse = (what: string) =>
    new StartError(`Function ${name} has ${what}, which this host cannot serve`);
  const { [triggerName]: trigger = { type: "" }, ...others } = metadata.bindings;
  for (const [binding, { type }] of Object.entries(others)) {
    if (binding !== "$return" || type !== "http") throw refuse(`a binding of type ${type}`);
  }
  if (metadata.retryOptions) throw refuse("a retry policy");

  switch (trigger.type.toLowerCase()) {
    case "httptrigger": {
      const { methods, route, authLevel } = readHttpTrigger(fn);
      const path = settings.routePrefix ? `${settings.routePrefix}/${route}` : route;
      return {
        routes: httpRoutes(app, fn, settings.routePrefix),
        about: (url) => ({
          name,
          triggerType: "httpTrigger",
          methods,
          route: path,
          authLevel,
          invokeUrl: `${url}/${path}`,
        }),
      };
    }
    case "timertrigger": {
      const schedule = resolveAppSettings(String(trigger.schedule ?? ""), name);
      const cron = readSchedule(schedule, name);
      if (trigger.runOnStartup === true) throw refuse("runOnStartup");
      // `invoke` has logged a failure; the next run is the retry.
      const run = (data: TriggerData) => invoke(app, fn, { data }).then(nothing, nothing);
      return {
        routes: [],
        about: (url) => ({
          name,
          triggerType: "timerTrigger",
          schedule,
          invokeUrl: `${url}/admin/functions/${name}`,
        }),
        start: () => startTimer(cron, run, { isDisabled: isDisabled(name) }),
      };
    }
    case "queuetrigger": {
      const queueName = resolveAppSettings(String(trigger.queueName ?? ""), name);
      const connection = connectionString(String(trigger.connection || "AzureWebJobsStorage"), name);
      const queues = await openQueues(connection, queueName, name);
      return {
        routes: [],
        about: (url) => ({
          name,
          triggerType: "queueTrigger",
          queueName,
          invokeUrl: `${url}/admin/functions/${name}`,
        }),
        start: () => listenToQueue(queues, settings.queues, (message) => invoke(app, fn, message), app.log),
      };
    }
    default:
      throw refuse(`a trigger of type ${trigger.type}`);
  }
}

function nothing(): void {}
