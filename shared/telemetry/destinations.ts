export type Environment = Record<string, string | undefined>;

export type Destination = "otlp" | "application insights";

/** Reads the destinations of telemetry from the variables that the Functions host reads too. None set: no telemetry. */
export function destinationsOf(environment: Environment): Destination[] {
  const isSet = (name: string) => Boolean(environment[name]?.trim());
  return [
    ...(isSet("APPLICATIONINSIGHTS_CONNECTION_STRING") ? (["application insights"] as const) : []),
    ...(isSet("OTEL_EXPORTER_OTLP_ENDPOINT") ? (["otlp"] as const) : []),
  ];
}
