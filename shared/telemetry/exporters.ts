import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";

export type Exporters = { spans: SpanExporter; metrics: PushMetricExporter };
