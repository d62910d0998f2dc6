import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { awaitMeter, measureWith, metrics } from "../../shared/telemetry/metrics.ts";

test("measurements before the meter is set are kept only after awaitMeter", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  const type = "chat_ended";
  metrics.events.add(100, { type });
  awaitMeter();
  metrics.events.add(1, { type });
  metrics.payload.record(2_000, { type });
  measureWith(provider.getMeter("test"));
  metrics.events.add(1, { type });
  await provider.forceFlush();
  const [scope] = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
  const values = scope?.metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.value]);
  expect(values).toEqual([
    ["livechat.events", 2],
    ["livechat.payload.size", expect.objectContaining({ count: 1, sum: 2_000 })],
  ]);
  await provider.shutdown();
});
