import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { startTextApp, type TextApp, WEBHOOK } from "./start-app.ts";

let app: TextApp;
beforeAll(async () => {
  app = await startTextApp({
    env: { LIVECHAT_RATE_LIMIT: "10000" },
    sandbox: { throttle: { limit: 10_000 } },
  });
  app.sandbox.helpDesk.register({ url: app.url + RECEIVER, eventType: "tickets.create" });
});
afterAll(() => app.stop());

const RECEIVER = `/receivers/helpdesk/tickets?key=${encodeURIComponent(WEBHOOK.password)}`;
const asked = {
  requester: { email: "vera@example.com", name: "Vera" },
  message: { text: "The lamp stays dark." },
};

const REFUSED = expect.stringMatching(/^ticket_created: HelpDesk refuses .* set HELPDESK to off/);

type Logged = {
  api?: string;
  origin: string;
  ticketId: string;
  payload: { ticket: Record<string, unknown> };
};

const eventsOf = async (app: TextApp, id: string): Promise<Logged[]> =>
  (await app.call("GET", `/events?ticket_id=${id}`)).body.items;

const untilLogged = (app: TextApp, id: string, count = 1) =>
  expect.poll(() => eventsOf(app, id), { interval: 25 }).toHaveLength(count);

test.each(["payload", "payload.ticket", "ticket", "bare"] as const)(
  "a ticket that two equal deliveries announce as %s is in the log once",
  async (delivery) => {
    app.sandbox.helpDesk.variants.delivery = delivery;
    const { ID } = app.sandbox.helpDesk.desk.create(asked);
    await untilLogged(app, ID);
    await app.sandbox.deliveries.settled();
    for (const { id } of app.sandbox.deliveries.list.slice(-1)) app.sandbox.deliveries.repeat(id);
    await app.sandbox.deliveries.settled();
    expect(await eventsOf(app, ID)).toMatchObject([
      {
        api: "text",
        origin: "webhook",
        ticketId: ID,
        payload: { ticket: { id: ID, requester: { mail: "vera@example.com" }, subject: "(no subject)" } },
      },
    ]);
  },
);

test("a forged delivery adds no content to the log", async () => {
  const { ID } = app.sandbox.helpDesk.desk.create(asked, { silently: true });
  const forged = { eventType: "tickets.create", payload: { ID, subject: "Forged" } };
  expect((await app.call("POST", RECEIVER, forged)).body).toMatchObject({ status: "stored" });
  await untilLogged(app, ID);
  expect((await eventsOf(app, ID))[0]?.payload.ticket.subject).toBe("(no subject)");
});

test("a delivery with an unknown id adds no event", async () => {
  const unknown = { payload: { ID: "00000000-0000-0000-0000-000000000000" } };
  const { body } = await app.call("POST", RECEIVER, unknown);
  expect(body.status).toBe("stored");
  expect((await app.call("POST", RECEIVER, unknown)).body).toEqual({ status: "duplicate", id: body.id });
  expect((await app.call("GET", `/events/${body.id}`)).status).toBe(404);
});

test("a HelpDesk delivery with a wrong or missing key is 401", async () => {
  const delivery = { payload: { ID: "1" } };
  for (const path of ["/receivers/helpdesk/tickets", "/receivers/helpdesk/tickets?key=wrong"]) {
    expect((await app.call("POST", path, delivery)).status).toBe(401);
  }
});

test("a HelpDesk delivery without an id is quarantined", async () => {
  expect((await app.call("POST", RECEIVER, { payload: {} })).body.status).toBe("quarantined");
  expect((await app.call("POST", RECEIVER, [1])).body.status).toBe("quarantined");
});

test.each([
  ["half a surrogate pair", "\ud800"],
  ["40,000 characters", "x".repeat(40_000)],
])("a HelpDesk delivery with an id of %s is quarantined", async (_, ID) => {
  const { body } = await app.call("POST", RECEIVER, { payload: { ID } });
  expect(body.status).toBe("quarantined");
  const { problems } = (await app.call("GET", `/quarantine/${body.id}`)).body;
  expect(problems).toEqual([
    { path: "payload.ID", message: "payload.ID must have at most 200 characters and be valid Unicode." },
  ]);
});

test("with HelpDesk, the same operations create, update, read and list tickets", async () => {
  const created = await app.call("POST", "/tickets", {
    message: "Where is my order?",
    requester: { mail: "vera@example.com" },
    subject: "Order",
  });
  expect(created).toMatchObject({ status: 201, body: { subject: "Order", status: "open" } });
  const { id } = created.body;
  const updated = await app.call("PUT", `/tickets/${id}/tags`, {
    tag: ["late"],
    subject: "Late order",
    requester: { mail: "otto@example.com" },
  });
  expect(updated).toMatchObject({
    status: 200,
    body: { subject: "Late order", tags: ["late"], ignored_fields: ["requester"] },
  });
  expect((await app.call("GET", `/tickets/${id}`)).body).toMatchObject({ id, tags: ["late"] });
  expect((await app.call("GET", "/tickets/none")).status).toBe(404);

  const listed = await app.call("GET", "/tickets?limit=1");
  expect(listed.body).toMatchObject([{ id }]);
  expect(listed.headers.get("x-total-count")).toBeNull();
  const link = /<([^>]+)>; rel="next"/.exec(listed.headers.get("link") ?? "")?.[1] ?? "";
  const next = await app.call("GET", `/tickets${new URL(link).search}`);
  expect(next.body).toHaveLength(1);
  expect(next.body[0].id).not.toBe(id);
  const group = await app.call("GET", "/tickets?group=3");
  expect(group).toMatchObject({ status: 400, body: { errors: [{ path: "group" }] } });
});

test("a reconciliation logs and stores a ticket with a lost webhook", async () => {
  await using sandbox = await startTextSandbox({ throttle: { limit: 10_000 } });
  const { desk } = sandbox.helpDesk;
  const other = await startTextApp({ sandbox });
  const run = async () => (await other.call("POST", "/reconcile/tickets")).body;
  try {
    desk.fill(130);
    expect(await run()).toMatchObject({ mode: "first", outcome: "completed", added: 130, recovered: 0 });
    const { ID } = desk.create(asked, { silently: true });
    expect(await run()).toMatchObject({ mode: "incremental", added: 1, recovered: 1 });
    expect(await eventsOf(other, ID)).toMatchObject([{ api: "text", origin: "reconcile" }]);
    expect((await other.call("GET", `/stored/tickets/${ID}`)).body).toMatchObject({ id: ID, api: "text" });
  } finally {
    await other.stop();
  }
});

describe("an account without HelpDesk", () => {
  test.each(["off", "refused"])(
    "with HelpDesk %s, only calls about tickets fail, with 409 no-helpdesk",
    async (how) => {
      await using sandbox = await startTextSandbox(
        how === "off" ? {} : { helpDesk: { withoutLicence: 403 } },
      );
      const env = { WEBHOOK_BASE_URL: "http://127.0.0.1:9", ...(how === "off" && { HELPDESK: "off" }) };
      const other = await startTextApp({ sandbox, env });
      try {
        const ticket = { message: "x", requester: { mail: "v@example.com" } };
        for (const answer of [
          await other.call("GET", "/tickets"),
          await other.call("GET", "/tickets/1"),
          await other.call("POST", "/tickets", ticket),
          await other.call("PUT", "/tickets/1/tags", { tag: ["x"] }),
          await other.call("POST", "/reconcile/tickets"),
          await other.call("POST", "/ticket_created_webhook/webhooks?event_type=ticket_created", {
            url: "https://flow.example.com/hook",
          }),
        ]) {
          expect(answer).toMatchObject({
            status: 409,
            body: { type: "urn:livechat-functions:problem:no-helpdesk" },
          });
        }
        expect((await other.call("GET", "/agents")).status).toBe(200);
        const registered = await other.call("POST", "/registration");
        expect(registered).toMatchObject({ status: 200, body: { created: 2 } });
        expect(registered.body.registrations.map(({ state }: { state: string }) => state)).toEqual([
          ...["ok", "ok"],
          ...(how === "off" ? [] : ["failed"]),
        ]);
        const { body } = await other.call("GET", "/status");
        const checks = Object.fromEntries(body.checks.map((check: { name: string }) => [check.name, check]));
        expect(checks).toMatchObject({
          tickets: { state: how === "off" ? "ok" : "attention" },
          reconcile: { state: "ok" },
          registrations: how === "off" ? { state: "ok" } : { state: "attention", detail: REFUSED },
        });
        expect((await other.call("GET", "/health")).status).toBe(200);
      } finally {
        await other.stop();
      }
    },
  );
});
