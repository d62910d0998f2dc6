import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from "@azure/monitor-opentelemetry-exporter";
import { managedIdentity } from "../core/managed-identity.ts";
import type { Environment, Exporters } from "./destinations.ts";

/** Exporters to Application Insights, which use a managed identity if the settings require one. */
export async function createApplicationInsightsExporters(environment: Environment): Promise<Exporters> {
  // Otherwise the exporter sends statistics about itself to Microsoft.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= "true";
  const identity = parseIdentity(environment.APPLICATIONINSIGHTS_AUTHENTICATION_STRING);
  const options = {
    connectionString: environment.APPLICATIONINSIGHTS_CONNECTION_STRING,
    // Otherwise the exporter stores unsent telemetry on the disk.
    disableOfflineStorage: true,
    ...(identity && { credential: managedIdentity(identity.clientId) }),
  };
  return { spans: new AzureMonitorTraceExporter(options), metrics: new AzureMonitorMetricExporter(options) };
}

/** Reads `Authorization=AAD`, with `ClientId=…` for a user-assigned identity, as the Functions host does. */
export function parseIdentity(setting = ""): { clientId?: string } | undefined {
  const parts = new Map(setting.split(";").map((part) => part.split("=", 2) as [string, string]));
  return parts.get("Authorization") === "AAD" ? { clientId: parts.get("ClientId") } : undefined;
}
