import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { Exporters } from "./destinations.ts";

/**
 * Exporters for OTLP over HTTP. They read the endpoint, headers and limits from OpenTelemetry's variables. Only an app
 * that sends to OTLP loads this module.
 */
export function createOtlpExporters(): Exporters {
  return { spans: new OTLPTraceExporter(), metrics: new OTLPMetricExporter() };
}
