import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";

export type Environment = Record<string, string | undefined>;

export type Destination = "otlp" | "application insights";

export type Exporters = { spans: SpanExporter; metrics: PushMetricExporter };

/**
 * Reads the destinations of telemetry from the variables that the Functions host reads too. Without them, nothing is
 * sent.
 */
export function destinationsOf(environment: Environment): Destination[] {
  const isSet = (name: string) => Boolean(environment[name]?.trim());
  return [
    ...(isSet("APPLICATIONINSIGHTS_CONNECTION_STRING") ? (["application insights"] as const) : []),
    ...(isSet("OTEL_EXPORTER_OTLP_ENDPOINT") ? (["otlp"] as const) : []),
  ];
}
