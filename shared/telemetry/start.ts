import { type Attributes, context, metrics, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { destinationsOf, type Environment } from "./destinations.ts";
import { lateExporters } from "./late-exporters.ts";

/**
 * Sends spans and metrics to where the settings say. Lines of the log are not: the Functions host has them already, and
 * sends them itself. So the worker must not declare `WorkerOpenTelemetryEnabled`, which would keep the host from it.
 *
 * @returns sends what is left, and ends
 */
export function start(environment: Environment, attributes: Attributes): () => Promise<void> {
  const exporters = destinationsOf(environment).map((one) => lateExporters(one, environment));
  const resource = resourceFromAttributes(attributes);
  const tracerProvider = new BasicTracerProvider({
    resource,
    // The host does not always mark its traces as sampled. OTEL_TRACES_SAMPLER has the last word.
    ...(environment.OTEL_TRACES_SAMPLER ? {} : { sampler: new AlwaysOnSampler() }),
    spanProcessors: exporters.map(({ spans }) => new BatchSpanProcessor(spans)),
  });
  const meterProvider = new MeterProvider({
    resource,
    readers: exporters.map(
      ({ metrics: exporter }) =>
        new PeriodicExportingMetricReader({
          exporter,
          exportIntervalMillis: Number(environment.OTEL_METRIC_EXPORT_INTERVAL) || 60_000,
        }),
    ),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  return async () => {
    await Promise.allSettled([tracerProvider.shutdown(), meterProvider.shutdown()]);
  };
}
