import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

type Value = { stringValue?: string; intValue?: string | number; boolValue?: boolean; doubleValue?: number };
type KeyValue = { key: string; value: Value };

type CollectedSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  status?: { code?: number; message?: string };
};

type CollectedPoint = { metric: string; value: number; attributes: Record<string, unknown> };

/**
 * A server that receives OTLP over HTTP as JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp), and any other
 * body as text.
 */
export async function startCollector(tls?: { key: string; cert: string }) {
  const received: { path: string; headers: object; body: string }[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const body = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString(
      "utf8",
    );
    received.push({ path: request.url ?? "", headers: request.headers, body });
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");

  // biome-ignore lint/suspicious/noExplicitAny: the wire format is what it is
  const parts = (path: string): any[] =>
    received.filter((one) => one.path === path).map(({ body }) => JSON.parse(body));

  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    spans: (): CollectedSpan[] =>
      parts("/v1/traces")
        .flatMap(({ resourceSpans }) => resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans)
        .map(({ attributes = [], links = [], ...span }) => ({
          ...span,
          links,
          attributes: plain(attributes),
        })),
    /** The latest point of each series: counts and sums are of the whole run. */
    points: (): CollectedPoint[] => {
      const all: CollectedPoint[] = parts("/v1/metrics")
        .flatMap(({ resourceMetrics }) => resourceMetrics)
        .flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics)
        .flatMap(({ name, sum, gauge, histogram }) =>
          (sum ?? gauge ?? histogram).dataPoints.map(
            // biome-ignore lint/suspicious/noExplicitAny: as above
            ({ asInt, asDouble, sum: total, attributes = [] }: any) => ({
              metric: name,
              value: Number(asInt ?? asDouble ?? total),
              attributes: plain(attributes),
            }),
          ),
        );
      return [...new Map(all.map((one) => [JSON.stringify([one.metric, one.attributes]), one])).values()];
    },
    resources: (): Record<string, unknown>[] =>
      parts("/v1/traces")
        .flatMap(({ resourceSpans }) => resourceSpans)
        .map(({ resource }) => plain(resource.attributes)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function plain(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
