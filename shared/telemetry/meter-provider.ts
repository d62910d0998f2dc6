import type { Resource } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import type { Environment, Exporters } from "./destinations.ts";

/** Sends metrics every minute, or at the interval of OpenTelemetry's variable. */
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
