import { app } from "@azure/functions";
import { within } from "../shared/core/within.ts";
import { destinationsOf } from "../shared/telemetry/destinations.ts";
import { build } from "./build.ts";

/** How long the last telemetry may hold up the end of an instance, in milliseconds. */
const LAST_WORDS = 3_000;

/**
 * Starts telemetry when the settings say where it is to go. Only then its code is loaded. The first invocation waits for
 * the code of spans, so its trace is complete. That of metrics is loaded a second later, and takes in what was measured
 * until then; that of the exporters is loaded by the first export.
 */
export function startTelemetry(environment: Record<string, string | undefined>): Promise<void> | undefined {
  if (destinationsOf(environment).length === 0) return undefined;
  return load(environment).catch((error: unknown) => {
    // An app that cannot be watched still does its work.
    console.error(
      JSON.stringify({ message: "telemetry could not be started", error: String((error as Error).name) }),
    );
  });
}

async function load(environment: Record<string, string | undefined>): Promise<void> {
  const { start } = await import("../shared/telemetry/start.ts");
  const end = start(environment, {
    "service.name": environment.OTEL_SERVICE_NAME ?? environment.WEBSITE_SITE_NAME ?? "livechat-functions",
    "service.version": build.version,
    "service.instance.id": environment.WEBSITE_INSTANCE_ID ?? crypto.randomUUID(),
  });
  app.hook.appTerminate(() => within(LAST_WORDS, end(), undefined));
}
