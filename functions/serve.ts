import { app, type InvocationContext } from "@azure/functions";
import { lazy } from "../shared/core/lazy.ts";
import { type Log, logTo } from "../shared/core/log.ts";
import { SettingsError } from "../shared/core/settings.ts";
import { within } from "../shared/core/wait.ts";
import { inSpan } from "../shared/telemetry/spans.ts";
import { createServices, type Services } from "./services.ts";
import { startTelemetry } from "./telemetry.ts";

export { handle } from "../shared/http/handle.ts";

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
 * Stores each subscription's place before the instance ends, so that the next one does not repeat events. With wrong
 * settings nothing was delivered.
 */
async function stopDeliveries({ subscriptions }: Services): Promise<void> {
  try {
    await within(STOP_TIME_LIMIT, subscriptions.stop(), undefined);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
  }
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
