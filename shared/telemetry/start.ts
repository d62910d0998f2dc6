import { type Attributes, context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { lazy } from "../core/lazy.ts";
import { destinationsOf, type Environment } from "./destinations.ts";
import { lateExporters } from "./late-exporters.ts";
import { awaitMeter, measureWith } from "./metrics.ts";

/** Milliseconds after which the code of metrics is loaded, so that a first answer does not wait for it. */
const METRICS_AFTER = 1_000;

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
  awaitMeter();
  const startMetrics = lazy(async () => {
    const { createMeterProvider } = await import("./meter-provider.ts");
    const meterProvider = createMeterProvider(environment, { resource, exporters });
    measureWith(meterProvider.getMeter("livechat-functions"));
    return meterProvider;
  });
  const timer = setTimeout(() => startMetrics().catch(() => measureWith(undefined)), METRICS_AFTER).unref();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracerProvider);
  return async () => {
    clearTimeout(timer);
    await Promise.allSettled([
      tracerProvider.shutdown(),
      startMetrics().then((meterProvider) => meterProvider.shutdown()),
    ]);
  };
}
