import { app, type HttpRequest, type InvocationContext } from "@azure/functions";
import { lazy } from "../shared/core/lazy.ts";
import { type Log, logTo } from "../shared/core/log.ts";
import { SettingsError } from "../shared/core/settings.ts";
import { within } from "../shared/core/wait.ts";
import { handle } from "../shared/http/handle.ts";
import type { Operation, Reply } from "../shared/http/operation.ts";
import { inSpan } from "../shared/telemetry/spans.ts";
import { createServices, type Services } from "./services.ts";
import { startTelemetry } from "./telemetry.ts";

/** Made once, and kept until the process ends. The first use creates each service. */
export const services = lazy(async (): Promise<Services> => {
  await startTelemetry(process.env);
  const made = createServices(process.env);
  app.hook.appTerminate(() => stopDeliveries(made));
  return made;
});

/** Milliseconds that the end of an instance waits for deliveries in progress. */
const STOP_TIME_LIMIT = 5_000;

/**
 * Stores the places of the subscriptions before the instance ends: without them, the next instance delivers events
 * again. With wrong settings there are no subscriptions.
 */
async function stopDeliveries({ subscriptions }: Services): Promise<void> {
  try {
    await within(STOP_TIME_LIMIT, subscriptions.stop(), undefined);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
  }
}

/** Answers an HTTP request. */
export async function serveRequest(
  operation: Operation<Services>,
  request: HttpRequest,
  context: InvocationContext,
): Promise<Reply> {
  return handle(operation, await services(), request, context);
}

/** Does the work of a timer or of a queue message. */
export async function serveWork(
  id: string,
  run: (services: Services, log: Log) => Promise<void>,
  context: InvocationContext,
): Promise<void> {
  const made = await services();
  await inSpan(id, () => run(made, logTo(context)), {
    parent: context.traceContext,
    attributes: { "faas.invocation_id": context.invocationId },
  });
}
