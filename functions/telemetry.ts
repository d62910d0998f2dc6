import { app } from "@azure/functions";
import { within } from "../shared/core/wait.ts";
import { destinationsOf } from "../shared/telemetry/destinations.ts";
import { build } from "./build.ts";

/** Milliseconds that the end of an instance waits for the last telemetry to be sent. */
const EXPORT_TIME_LIMIT = 3_000;

/**
 * Starts telemetry, and loads its code, when the settings name a destination. The first invocation waits for the code
 * of spans, so its trace is complete. The code of metrics is loaded a second later; earlier measurements are kept
 * until then. The first export loads the code of the exporters.
 */
export function startTelemetry(environment: Record<string, string | undefined>): Promise<void> | undefined {
  if (destinationsOf(environment).length === 0) return undefined;
  return load(environment).catch(logFailure);
}

/** Logs why telemetry, or a part of it, could not be started. The app works without it. */
function logFailure(error: unknown): void {
  const message = "telemetry could not be started";
  console.error(JSON.stringify({ message, error: String((error as Error).name) }));
}

async function load(environment: Record<string, string | undefined>): Promise<void> {
  const { start } = await import("../shared/telemetry/start.ts");
  const attributes = {
    "service.name": environment.OTEL_SERVICE_NAME ?? environment.WEBSITE_SITE_NAME ?? "livechat-functions",
    "service.version": build.version,
    "service.instance.id": environment.WEBSITE_INSTANCE_ID ?? crypto.randomUUID(),
  };
  const end = start(environment, attributes, logFailure);
  app.hook.appTerminate(() => within(EXPORT_TIME_LIMIT, end(), undefined));
}
