import { expect, test } from "vitest";
import { examples } from "../../shared/schemas/examples.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import { measureWith } from "../../shared/telemetry/metrics.ts";
import { observeAge, observeRun } from "../../shared/telemetry/observe-run.ts";
import { inMemoryMeter } from "./in-memory-meter.ts";

test("a run records its mode, outcome, recovered tickets and ages of at least 0", async () => {
  const { meter, points } = inMemoryMeter();
  measureWith(meter);
  const report = { ...examples.runReport, recovered: 2 } as RunReport;
  const after = Date.parse(report.checkpoint.after ?? "");
  observeRun(report, after + 90_000);
  observeAge(report.checkpoint.after, after - 1);
  observeAge(undefined, after);
  expect(await points()).toEqual([
    ["livechat.reconcile.runs", 1, { mode: "incremental", outcome: "completed" }],
    ["livechat.reconcile.recovered", 2, {}],
    ["livechat.reconcile.lag", 90, {}],
    ["livechat.reconcile.age", 0, {}],
  ]);
});
