import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { Exporters } from "./exporters.ts";

/** OTLP over HTTP. The endpoint, its headers and limits are in the variables that OpenTelemetry has for them. */
export async function createOtlpExporters(): Promise<Exporters> {
  return { spans: new OTLPTraceExporter(), metrics: new OTLPMetricExporter() };
}
