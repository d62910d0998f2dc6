export type Environment = Record<string, string | undefined>;

/** Where telemetry is to go, by the variables that the Functions host goes by as well; nowhere when none is set. */
export function destinationsOf(environment: Environment): ("otlp" | "application insights")[] {
  const isSet = (name: string) => Boolean(environment[name]?.trim());
  return [
    ...(isSet("APPLICATIONINSIGHTS_CONNECTION_STRING") ? (["application insights"] as const) : []),
    ...(isSet("OTEL_EXPORTER_OTLP_ENDPOINT") ? (["otlp"] as const) : []),
  ];
}
