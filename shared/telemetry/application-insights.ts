import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from "@azure/monitor-opentelemetry-exporter";
import { managedIdentity } from "../core/managed-identity.ts";
import type { Environment, Exporters } from "./destinations.ts";

/** Exporters to Application Insights, which use a managed identity if the settings require one. */
export async function createApplicationInsightsExporters(environment: Environment): Promise<Exporters> {
  // Otherwise the exporter sends statistics about itself to Microsoft.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= "true";
  const options = {
    connectionString: environment.APPLICATIONINSIGHTS_CONNECTION_STRING,
    // Otherwise the exporter stores unsent telemetry on the disk.
    disableOfflineStorage: true,
    ...credentialOf(environment.APPLICATIONINSIGHTS_AUTHENTICATION_STRING),
  };
  return { spans: new AzureMonitorTraceExporter(options), metrics: new AzureMonitorMetricExporter(options) };
}

/** Reads `Authorization=AAD`, with `ClientId=…` for a user-assigned identity, as the Functions host does. */
function credentialOf(text = "") {
  const parts = new Map(text.split(";").map((part) => part.split("=", 2) as [string, string]));
  if (parts.get("Authorization") !== "AAD") return {};
  return { credential: managedIdentity(parts.get("ClientId")) };
}
