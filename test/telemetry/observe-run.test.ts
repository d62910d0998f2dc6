import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { expect, test } from "vitest";
import { examples } from "../../shared/schemas/examples.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import { measureWith } from "../../shared/telemetry/metrics.ts";
import { observeAge, observeRun } from "../../shared/telemetry/observe-run.ts";

test("a run records its mode and outcome, the recovered tickets, and ages that are never negative", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  measureWith(provider.getMeter("test"));
  const report = { ...examples.runReport, recovered: 2 } as RunReport;
  const after = Date.parse(report.checkpoint.after ?? "");
  observeRun(report, after + 90_000);
  observeAge(report.checkpoint.after, after - 1);
  observeAge(undefined, after);
  await provider.forceFlush();
  const [scope] = exporter.getMetrics().at(-1)?.scopeMetrics ?? [];
  const points = scope?.metrics.map(({ descriptor, dataPoints: [point] }) => [
    descriptor.name,
    point?.value,
    point?.attributes,
  ]);
  expect(points).toEqual([
    ["livechat.reconcile.runs", 1, { mode: "incremental", outcome: "completed" }],
    ["livechat.reconcile.recovered", 2, {}],
    ["livechat.reconcile.lag", 90, {}],
    ["livechat.reconcile.age", 0, {}],
  ]);
  await provider.shutdown();
});
