import { AzureMonitorMetricExporter, AzureMonitorTraceExporter } from "@azure/monitor-opentelemetry-exporter";
import { managedIdentity } from "../core/managed-identity.ts";
import type { Environment } from "./destinations.ts";
import type { Exporters } from "./exporters.ts";

/** Application Insights, opened by a managed identity where the settings say so. */
export async function createApplicationInsightsExporters(environment: Environment): Promise<Exporters> {
  // Statistics about the exporter would go to Microsoft.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= "true";
  const options = {
    connectionString: environment.APPLICATIONINSIGHTS_CONNECTION_STRING,
    // Telemetry that cannot be sent is not kept on the disk.
    disableOfflineStorage: true,
    ...credentialOf(environment.APPLICATIONINSIGHTS_AUTHENTICATION_STRING),
  };
  return { spans: new AzureMonitorTraceExporter(options), metrics: new AzureMonitorMetricExporter(options) };
}

/** `Authorization=AAD`, with `ClientId=…` for a user-assigned identity: what the Functions host reads, too. */
function credentialOf(text = "") {
  const parts = new Map(text.split(";").map((part) => part.split("=", 2) as [string, string]));
  if (parts.get("Authorization") !== "AAD") return {};
  return { credential: managedIdentity(parts.get("ClientId")) };
}
