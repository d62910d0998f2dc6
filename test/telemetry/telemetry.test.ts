import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { destinationsOf } from "../../shared/telemetry/destinations.ts";
import { type App, basic, startApp, WEBHOOK } from "../app/start-app.ts";
import { cert, key } from "../subscriptions/certificate.ts";
import { startCollector } from "./collector.ts";

const CALLER = { trace: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331" };
const traceparent = `00-${CALLER.trace}-${CALLER.span}-01`;
const PRIVATE = /vera|planted|@|lamp|sandbox-api-key|webhook's password/i;

const chat = {
  event_type: "chat_ended",
  chat: { id: "planted-chat", ended_timestamp: 1408356905, messages: [{ text: "a planted lamp" }] },
  visitor: { name: "Vera Planted", email: "vera@example.com" },
};

/** Telemetry is sent early: what an instance sends at its end has a time limit, in which it must also load the exporters. */
const SOON = { OTEL_BSP_SCHEDULE_DELAY: "200", OTEL_METRIC_EXPORT_INTERVAL: "500" };

type Collector = Awaited<ReturnType<typeof startCollector>>;
let collector: Collector;
let event: object;

beforeAll(async () => {
  collector = await startCollector();
  const arrived = Promise.withResolvers<void>();
  const callback = createServer((_, response) => {
    response.end();
    arrived.resolve();
  });
  await once(callback.listen(0, "127.0.0.1"), "listening");

  const app = await startApp({
    env: {
      ...SOON,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      AzureWebJobsStorage: inject("storage"),
      ALLOW_LOOPBACK_CALLBACKS: "true",
      WAKE_QUEUE: `wake-${crypto.randomUUID()}`,
      SUBSCRIPTIONS_TABLE: `S${crypto.randomUUID().replaceAll("-", "")}`,
    },
  });
  const url = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/planted-path?sig=planted-signature`;
  expect((await app.call("POST", "/chat_ends_webhook/webhooks", { url })).status).toBe(201);
  expect((await deliver(app.url, traceparent)).status).toBe(200);
  await app.deliver("chat-ended", chat);
  await app.deliver("chat-ended", chat, "Basic eDp5");
  await arrived.promise;
  const [listed] = (await app.call("GET", "/events")).body.items;
  event = (await app.call("GET", `/events/${listed.id}`)).body;

  app.sandbox.faults.plan({ do: "answer", status: 500, path: "/agents", body: { error: "vera planted" } });
  await app.call("GET", "/agents", undefined, { traceparent });
  const ticket = { message: "the planted lamp", requester: { mail: "vera@example.com" } };
  expect((await app.call("POST", "/tickets", ticket)).status).toBe(201);
  await app.call("POST", "/reconcile/tickets");
  const arrivedSoon = () => {
    expect(total("livechat.deliveries", { outcome: "delivered" })).toBe(1);
    expect(total("livechat.reconcile.runs", {})).toBe(1);
    expect(collector.spans().map(({ name }) => name)).toContain("ReconcileTickets");
  };
  await vi.waitFor(arrivedSoon, { timeout: 20_000 });
  await app.call("GET", "/openapi.json");
  await app.stop();
  callback.close();
});
afterAll(() => collector?.close());

/** The sum of a metric's points with these attributes. */
function total(metric: string, wanted: object): number {
  return collector
    .points()
    .filter((point) => point.metric === metric)
    .filter(({ attributes }) => Object.entries(wanted).every(([name, value]) => attributes[name] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function deliver(url: string, trace: string): Promise<Response> {
  return fetch(`${url}/receivers/chat-ended`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: basic(WEBHOOK), traceparent: trace },
    body: JSON.stringify(chat),
  });
}

test("the trace of a delivery has its append and the call to the subscriber", () => {
  const spans = collector.spans();
  const [received, ...others] = spans.filter(
    ({ name, traceId }) => name === "ReceiveChatEnded" && traceId === CALLER.trace,
  );
  expect(others).toEqual([]);
  expect(received).toMatchObject({
    parentSpanId: CALLER.span,
    attributes: { "http.response.status_code": 200 },
  });
  expect(received?.attributes["faas.invocation_id"]).toMatch(/^[0-9a-f-]{36}$/);
  const append = spans.find(
    ({ name, parentSpanId }) => name === "append" && parentSpanId === received?.spanId,
  );
  expect(append?.attributes).toMatchObject({
    "livechat.event.type": "chat_ended",
    "livechat.outcome": "stored",
  });
  const delivery = spans.find(({ name }) => name === "deliver");
  expect(delivery).toMatchObject({ traceId: CALLER.trace, parentSpanId: append?.spanId });
  expect(delivery?.attributes).toMatchObject({
    "livechat.event.id": append?.attributes["livechat.event.id"],
    "http.response.status_code": 200,
  });
  // The dispatcher delivers for many traces; the link leads to the span that woke it: an append, a message or the timer.
  const run = spans.find(({ spanId }) => spanId === delivery?.links[0]?.spanId);
  expect(run?.name).toMatch(/^(append|DispatchQueue|DispatchTimer)$/);
});

test("an event has the trace id of its delivery", () => {
  expect(event).toMatchObject({ type: "chat_ended", traceId: CALLER.trace });
});

test("the trace of an action has each of its calls to LiveChat", () => {
  const spans = collector.spans();
  const action = spans.find(({ name, traceId }) => name === "ListAgents" && traceId === CALLER.trace);
  const attempts = spans.filter(
    ({ name, parentSpanId }) => name === "GET /agents" && parentSpanId === action?.spanId,
  );
  expect(
    attempts.map(({ attributes, status }) => [attributes["http.response.status_code"], status?.code]),
  ).toEqual([
    [500, 2],
    [200, 0],
  ]);
  expect(attempts[1]?.attributes["http.request.resend_count"]).toBe(1);
});

test("an instance that ends sends the rest of its spans", async () => {
  await expect.poll(() => collector.spans().map(({ name }) => name)).toContain("GetOpenApi");
});

test("every trace has the name and version of the app", () => {
  expect(collector.resources()[0]).toMatchObject({
    "service.name": "livechat-functions",
    "service.version": expect.stringMatching(/^\d+\.\d+\.\d+$/),
  });
});

test("metrics count events, calls, runs and deliveries", () => {
  const points = collector.points();
  const type = "chat_ended";
  expect(total("livechat.events", { type, outcome: "stored" })).toBe(1);
  expect(total("livechat.events", { type, outcome: "duplicate" })).toBe(1);
  expect(total("livechat.events", { type, outcome: "unauthorized" })).toBe(1);
  expect(total("livechat.payload.size", { type })).toBe(2 * JSON.stringify(chat).length);
  expect(total("livechat.calls", { route: "agents", status: 500, retry: false })).toBe(1);
  expect(total("livechat.calls", { route: "agents", status: 200, retry: true })).toBe(1);
  expect(total("livechat.deliveries", { outcome: "delivered" })).toBe(1);
  expect(total("livechat.reconcile.runs", { mode: "first", outcome: "completed" })).toBe(1);
  expect(points.map(({ metric }) => metric)).toEqual(
    expect.arrayContaining([
      "livechat.call.duration",
      "livechat.call.wait",
      "livechat.reconcile.age",
      "livechat.reconcile.lag",
    ]),
  );
  const left = points.find(({ metric }) => metric === "livechat.budget.left")?.value;
  expect(left).toBeGreaterThan(80);
  expect(left).toBeLessThan(100);
});

test("telemetry contains no personal data, secret or URL", () => {
  expect(collector.received.length).toBeGreaterThan(1);
  for (const { body } of collector.received) expect(body).not.toMatch(PRIVATE);
  expect(JSON.stringify(collector.spans())).not.toMatch(/https?:\/\/|127\.0\.0\.1/);
});

test("Application Insights receives spans and metrics over its own protocol", async () => {
  // Its exporter always uses https; only this test accepts any certificate.
  const ingestion = await startCollector({ key, cert });
  const app = await startApp({
    env: {
      ...SOON,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${crypto.randomUUID()};IngestionEndpoint=${ingestion.url}/`,
    },
  });
  await app.call("GET", "/agents");
  const sent = () =>
    ingestion.received.map(({ path, body }) => (path === "/v2.1/track" ? body : "")).join("\n");
  await expect.poll(sent).toContain('"name":"ListAgents"');
  await expect.poll(sent).toContain("livechat.calls");
  await endAtOnce(app);
  ingestion.close();
});

test.each([
  [{}, []],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: " ", APPLICATIONINSIGHTS_CONNECTION_STRING: "" }, []],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" }, ["otlp"]],
  [
    { OTEL_EXPORTER_OTLP_ENDPOINT: "x", APPLICATIONINSIGHTS_CONNECTION_STRING: "y" },
    ["application insights", "otlp"],
  ],
])("the settings %j have the destinations %j", (environment, destinations) => {
  expect(destinationsOf(environment)).toEqual(destinations);
});

test("an app whose metrics cannot start works with a line in its log", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_METRIC_EXPORT_INTERVAL: "-5" };
  const app = await startApp({ env });
  expect((await app.call("GET", "/agents")).status).toBe(200);
  await expect.poll(() => app.log.join("\n")).toContain("telemetry could not be started");
  expect((await app.call("GET", "/agents")).status).toBe(200);
  await endAtOnce(app);
});

test("an action answers although the endpoint of telemetry does not exist", async () => {
  const app = await startApp({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" } });
  expect((await app.call("GET", "/agents")).status).toBe(200);
  await endAtOnce(app);
});

/** Ends an app without its last export, which would take seconds. */
async function endAtOnce(app: App): Promise<void> {
  app.process.kill("SIGKILL");
  await app.stop();
}
