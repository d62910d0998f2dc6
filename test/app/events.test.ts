import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp } from "./start-app.ts";

let app: App;
let eventId: string;
let subscriptionId: string;
beforeAll(async () => {
  app = await startApp();
  for (const [path, event_type, id] of [
    ["chat-started", "chat_started", "C1"],
    ["chat-ended", "chat_ended", "C1"],
  ] as const) {
    await app.deliver(path, {
      event_type,
      license_id: "1",
      chat: { id, started_timestamp: 1, ended_timestamp: 2 },
    });
  }
  eventId = (await app.call("GET", "/events?limit=1")).body.items[0].id;
  const hook = { url: "https://hook.example/", types: ["ticket_created"], filter: { source: ["none"] } };
  subscriptionId = (await app.call("POST", "/subscriptions", hook)).body.id;
});
afterAll(() => app?.stop());

test("a page of events has the end of the log", async () => {
  expect((await app.call("GET", "/events?limit=1")).body).toMatchObject({ next: 1, head: 2 });
  expect((await app.call("GET", "/events?after=2")).body).toEqual({ items: [], next: 2, head: 2 });
});

test("an `after` behind the end of the log is 400 in every format", async () => {
  for (const query of ["after=3", "after=3&type=chat_ended", "after=3&format=ndjson"]) {
    const { status, body } = await app.call("GET", `/events?${query}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ path: "after", message: expect.stringContaining("ends at 2") }]);
  }
});

test("with max_payload, a list and an export leave out larger content", async () => {
  const bytes = Buffer.byteLength(
    JSON.stringify((await app.call("GET", "/events?limit=1")).body.items[0].payload),
  );
  for (const [most, omitted] of [
    ["0", true],
    [String(bytes * 10), undefined],
  ] as const) {
    const { body } = await app.call("GET", `/events?chat_id=C1&max_payload=${most}`);
    expect(body).toMatchObject({ next: 2, head: 2, items: [{ seq: 1, type: "chat_started" }, { seq: 2 }] });
    for (const item of body.items) {
      expect(item.omitted).toBe(omitted);
      expect(item.payload?.chat.id).toBe(omitted ? undefined : "C1");
    }
  }
  const { body: lines } = await app.call("GET", "/events?format=ndjson&max_payload=0");
  expect(String(lines).match(/"omitted":true/g)).toHaveLength(2);
  expect((await app.call("GET", "/events?max_payload=-1")).status).toBe(400);
});

test("a list of chats has no transcripts", async () => {
  const { status, body } = await app.call("GET", "/chats?limit=1");
  expect(status).toBe(200);
  expect(body).toMatchObject({ items: [{ chatId: "C1", seq: 1, state: "ended" }], next: null });
  expect((await app.call("GET", "/chats?before=1")).body).toEqual({ items: [], next: null });
});

test("event counts cover the last day by default, or 30 days with bucket=day", async () => {
  for (const [query, buckets] of [
    ["", [24, 25]],
    ["?bucket=day", [30, 31]],
  ] as const) {
    const { status, body } = await app.call("GET", `/stats/events${query}`);
    expect(status).toBe(200);
    expect(buckets).toContain(body.items.length);
    const sum = body.items.reduce(
      (sum: number, item: never) => sum + (item as { chat_ended: { webhook: number } }).chat_ended.webhook,
      0,
    );
    expect(sum).toBe(1);
  }
});

test("event counts of a reversed or too long span are 400", async () => {
  expect((await app.call("GET", "/stats/events?from=2026-01-02&to=2026-01-01")).status).toBe(400);
  expect((await app.call("GET", "/stats/events?from=2020-01-01&to=2026-01-01")).status).toBe(400);
});

test("GET /event-types has a schema and an example of every event type", async () => {
  const { body } = await app.call("GET", "/event-types");
  expect(body.items.map(({ type }: { type: string }) => type)).toEqual([
    "chat_started",
    "chat_ended",
    "ticket_created",
  ]);
  for (const { schema, example, type } of body.items) {
    expect(schema).toMatchObject({ type: "object", properties: expect.any(Object) });
    expect(JSON.stringify(schema)).not.toContain("$ref");
    expect(example.event_type).toBe(type);
  }
});

const statusOf = async (ticket: string) => (await app.deliver("ticket-created", ticket)).body.status;

test("a ticket with an empty or inexact id is quarantined", async () => {
  expect(await statusOf('{"ticket":{"id":""}}')).toBe("quarantined");
  expect(await statusOf('{"ticket":{"id":9007199254740993}}')).toBe("quarantined");
});

test("the same ticket id in another licence is another event", async () => {
  expect(await statusOf('{"license_id":1,"ticket":{"id":"T1"}}')).toBe("stored");
  expect(await statusOf('{"license_id":2,"ticket":{"id":"T1"}}')).toBe("stored");
  expect(await statusOf('{"license_id":2,"ticket":{"id":"T1"}}')).toBe("duplicate");
  expect(await statusOf('{"ticket":{"id":"T1"}}')).toBe("duplicate");
});

const POLLED = [
  "/status",
  "/stats/events",
  "/chats",
  "/chats/C1",
  "/events/{event}/attempts",
  "/subscriptions",
  "/subscriptions/{subscription}",
  "/quarantine",
  "/reconcile/tickets",
];
test.each(POLLED)("GET %s answers 304 to a request with the ETag of the same answer", async (template) => {
  const path = template.replace("{event}", eventId).replace("{subscription}", subscriptionId);
  const again = async () => {
    const { headers } = await app.call("GET", path);
    const { status, body } = await app.call("GET", path, undefined, {
      "if-none-match": headers.get("etag") ?? "",
    });
    return [status, body];
  };
  // An answer may change between two calls: a subscription passes an event, or GET /status records a check's first run.
  await expect.poll(again).toEqual([304, ""]);
  const other = await app.call("GET", path, undefined, { "if-none-match": 'W/"other"' });
  expect(other.status).toBe(200);
});

test("GET /status says which settings are set, without their values", async () => {
  const { body } = await app.call("GET", "/status");
  expect(body.settings).toContainEqual({ name: "LIVECHAT_API_KEY", set: true });
  expect(body.settings).toContainEqual({ name: "EVENT_RETENTION_DAYS", set: false });
  expect(JSON.stringify(body)).not.toMatch(/sandbox-api-key|webhook's password/);
});
