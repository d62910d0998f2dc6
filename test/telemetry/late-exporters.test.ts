import { InstrumentType } from "@opentelemetry/sdk-metrics";
import { afterEach, expect, test, vi } from "vitest";
import {
  createApplicationInsightsExporters as applicationInsights,
  parseIdentity,
} from "../../shared/telemetry/application-insights.ts";
import { lateExporters } from "../../shared/telemetry/late-exporters.ts";
import { createOtlpExporters as otlp } from "../../shared/telemetry/otlp.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const TYPES = Object.values(InstrumentType);

test.each(["", "cumulative", "Delta", "lowmemory"])(
  "the late OTLP exporter has the real one's temporality for the preference %j",
  async (preference) => {
    const environment = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: preference };
    vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference);
    const { metrics: own } = await otlp();
    const { metrics: late } = lateExporters("otlp", environment);
    const of = (metrics: typeof own) =>
      TYPES.map((type) => [type, metrics.selectAggregationTemporality?.(type)]);
    expect(of(late)).toEqual(of(own));
  },
);

test("the late exporter for Application Insights has the real one's temporality", async () => {
  const environment = { APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${crypto.randomUUID()}` };
  const { metrics: own } = await applicationInsights(environment);
  const { metrics: late } = lateExporters("application insights", environment);
  for (const type of TYPES) {
    expect(late.selectAggregationTemporality?.(type)).toBe(own.selectAggregationTemporality?.(type));
  }
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["Authorization=Other;ClientId=c", undefined],
  ["Authorization=AAD", {}],
  ["Authorization=AAD;ClientId=c", { clientId: "c" }],
  ["ClientId=c;Authorization=AAD", { clientId: "c" }],
])("the authentication string %j has the identity %j", (setting, identity) => {
  expect(parseIdentity(setting)).toEqual(identity);
});

test("exporters that cannot be created fail every export with one log line", async () => {
  const lines = vi.spyOn(console, "error").mockImplementation(() => {});
  const { spans } = lateExporters("application insights", {
    APPLICATIONINSIGHTS_CONNECTION_STRING: "planted",
  });
  const send = () => new Promise<{ code: number }>((done) => spans.export([], done));
  expect([(await send()).code, (await send()).code]).toEqual([1, 1]);
  expect(lines.mock.calls).toHaveLength(1);
  expect(lines.mock.calls.join()).toContain("telemetry cannot be sent");
  expect(lines.mock.calls.join()).not.toContain("planted");
});
