import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { AggregationTemporality, InstrumentType } from "@opentelemetry/sdk-metrics";
import type { Destination, Environment, Exporters } from "./destinations.ts";

/**
 * Exporters that load their code at the first export, seconds after the first answer. Until then the SDK keeps the recorded
 * spans and metrics. A failed load is logged once, and nothing is sent.
 */
export function lateExporters(destination: Destination, environment: Environment): Exporters {
  let loading: Promise<Exporters> | undefined;
  const load = () => {
    loading ??= createExporters(destination, environment);
    return loading;
  };
  const late = (kind: keyof Exporters) => ({
    export(items: never, done: (result: ExportResult) => void) {
      load().then(
        (exporters) => exporters[kind].export(items, done),
        (error: Error) => done({ code: ExportResultCode.FAILED, error }),
      );
    },
    forceFlush: async () => (await loading)?.[kind].forceFlush?.(),
    shutdown: async () => (await loading)?.[kind].shutdown(),
  });
  return {
    spans: late("spans"),
    metrics: {
      ...late("metrics"),
      selectAggregationTemporality: (type) => temporality(destination, environment, type),
    },
  };
}

async function createExporters(destination: Destination, environment: Environment): Promise<Exporters> {
  try {
    if (destination === "otlp") return (await import("./otlp.ts")).createOtlpExporters();
    const { createApplicationInsightsExporters } = await import("./application-insights.ts");
    return await createApplicationInsightsExporters(environment);
  } catch (error) {
    const message = "telemetry cannot be sent";
    console.error(JSON.stringify({ message, destination, error: String((error as Error).name) }));
    throw error;
  }
}

/**
 * The exporters' own temporality, which instruments need before the exporters are loaded. Application Insights sums
 * deltas; for OTLP, a variable of its specification decides.
 */
function temporality(destination: Destination, environment: Environment, type: InstrumentType) {
  const { CUMULATIVE, DELTA } = AggregationTemporality;
  if (type === InstrumentType.UP_DOWN_COUNTER || type === InstrumentType.OBSERVABLE_UP_DOWN_COUNTER)
    return CUMULATIVE;
  if (destination === "application insights") return DELTA;
  const preference = environment.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE?.trim().toLowerCase();
  const isCounted = type === InstrumentType.COUNTER || type === InstrumentType.HISTOGRAM;
  return preference === "delta" || (preference === "lowmemory" && isCounted) ? DELTA : CUMULATIVE;
}
