import { app, type HttpHandler, type InvocationContext } from "@azure/functions";
import { lazy } from "../shared/core/lazy.ts";
import { type Log, logTo } from "../shared/core/log.ts";
import { SettingsError } from "../shared/core/settings.ts";
import { within } from "../shared/core/within.ts";
import { handle } from "../shared/http/handle.ts";
import type { Operation } from "../shared/http/operation.ts";
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

/** Milliseconds that the end of an instance waits for callbacks in progress. */
const LAST_DELIVERIES = 5_000;

/**
 * An instance that ends must first store the places of its subscriptions: otherwise those events are delivered again.
 * With wrong settings there are none.
 */
async function stopDeliveries({ subscribers }: Services): Promise<void> {
  try {
    await within(LAST_DELIVERIES, subscribers.stop(), undefined);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
  }
}

/** The handlers of operations, by the operation's id. */
export function handlersOf(operations: readonly Operation<Services>[]): Map<string, HttpHandler> {
  return new Map(
    operations.map((operation) => [
      operation.id,
      async (request, context) => handle(operation, await services())(request, context),
    ]),
  );
}

/** Does the work of a timer or of a queue message. */
export async function serve(
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
