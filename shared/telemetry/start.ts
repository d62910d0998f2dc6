import { type Attributes, context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { lazy } from "../core/lazy.ts";
import { destinationsOf, type Environment } from "./destinations.ts";
import { lateExporters } from "./late-exporters.ts";
import { awaitMeter, measureWith } from "./metrics.ts";

/** Milliseconds until the code of metrics is loaded. The first answer does not wait for it. */
const METRICS_DELAY = 1_000;

/**
 * Sends spans and metrics to the destinations in the settings. The Functions host sends the lines of the log; it would
 * stop if the worker declared `WorkerOpenTelemetryEnabled`.
 *
 * @param failed is called when metrics cannot be started
 * @returns a function that sends the rest, and stops
 */
export function start(
  environment: Environment,
  attributes: Attributes,
  failed: (error: unknown) => void,
): () => Promise<void> {
  const exporters = destinationsOf(environment).map((one) => lateExporters(one, environment));
  const resource = resourceFromAttributes(attributes);
  const tracerProvider = new BasicTracerProvider({
    resource,
    // The host does not mark all its traces as sampled, so all are recorded unless OTEL_TRACES_SAMPLER is set.
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
  const withoutMetrics = (error: unknown) => {
    measureWith(undefined);
    failed(error);
  };
  const timer = setTimeout(() => startMetrics().catch(withoutMetrics), METRICS_DELAY).unref();
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
