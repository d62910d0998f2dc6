import type { Resource } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { Environment } from "./destinations.ts";
import type { Exporters } from "./exporters.ts";

/** Sends metrics every minute, or as often as the variable of OpenTelemetry says. */
export function createMeterProvider(
  environment: Environment,
  { resource, exporters }: { resource: Resource; exporters: readonly Pick<Exporters, "metrics">[] },
): MeterProvider {
  const exportIntervalMillis = Number(environment.OTEL_METRIC_EXPORT_INTERVAL) || 60_000;
  const readers = exporters.map(
    ({ metrics: exporter }) => new PeriodicExportingMetricReader({ exporter, exportIntervalMillis }),
  );
  return new MeterProvider({ resource, readers });
}
