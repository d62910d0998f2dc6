import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp } from "../app/start-app.ts";

let app: App;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const ended = (id: string, email: string, more: object = {}) => ({
  event_type: "chat_ended",
  chat: { id, ended_timestamp: 1_408_356_905 },
  visitor: { email },
  ...more,
});

async function search(body: object) {
  const reply = await app.call("POST", "/visitors/search", body);
  expect([reply.status, reply.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  const lines = reply.body.trimEnd().split("\n");
  return lines.map((line: string) => JSON.parse(line));
}

const ODD = [
  "o'brien@x.com",
  "a&b@x.com",
  "müller@x.com",
  "m@xn--mller-kva.de",
  "a/b@x.com",
  "a+b%2fc@x.com",
  "n/a",
];

test.each(ODD)("a visitor with the address %j is found and erased", async (email) => {
  await app.deliver("chat-ended", ended(`chat of ${email}`, email));
  expect(await search({ email })).toMatchObject([
    { place: "events", item: { chatId: `chat of ${email}`, payload: { visitor: { email } } } },
    { next: null, done: true },
  ]);
  const { status, body } = await app.call("POST", "/erasures", { email: email.toUpperCase() });
  expect([status, body]).toEqual([200, { erased: 1, done: true, undecided: [] }]);
  expect(await search({ email })).toEqual([{ next: null, done: true }]);
});

test.each(["o'brien@y.com", "a&b@y.com", "müller@y.com", "a/b@y.com", "not an address"])(
  "DELETE /visitors erases the visitor with the address %j",
  async (email) => {
    await app.deliver("chat-ended", ended(`other chat of ${email}`, email));
    const { status, body } = await app.call("DELETE", `/visitors/${encodeURIComponent(email)}`);
    expect([status, body]).toEqual([200, { erased: 1, done: true, undecided: [] }]);
  },
);

test("raw=true for an erased event answers that there is no original delivery", async () => {
  const { body } = await app.deliver("chat-ended", ended("an erased chat", "erased@z.com"));
  await app.call("DELETE", "/chats/an%20erased%20chat");
  expect(await app.call("GET", `/events/${body.id}`)).toMatchObject({ status: 200, body: { erased: true } });
  expect(await app.call("GET", `/events/${body.id}?raw=true`)).toMatchObject({
    status: 404,
    body: { detail: "There is no original delivery of an event with this id." },
  });
});

test("an erasure without an address is refused", async () => {
  for (const body of [{}, { email: "" }, { email: 3 }, { email: "a@b", more: 1 }]) {
    expect((await app.call("POST", "/erasures", body)).status).toBe(400);
  }
});

test.each(["o'brien@x.com", "a&b@x.com", "müller@x.com", "m@xn--mller-kva.de"])(
  "a ticket and an agent can be created with the address %j",
  async (mail) => {
    const ticket = await app.call("POST", "/tickets", { message: "Help", requester: { mail } });
    expect([ticket.status, ticket.body.requester.mail]).toEqual([201, mail]);
    expect((await app.call("POST", "/agents", { login: mail, name: "Agent" })).status).toBe(201);
    expect((await app.call("DELETE", `/agents/${encodeURIComponent(mail)}`)).status).toBe(200);
  },
);

test("a ticket whose requester has no valid address is refused", async () => {
  for (const mail of ["", "x", "a@b@c", "a b@c", "@c", "a@"]) {
    expect((await app.call("POST", "/tickets", { message: "Help", requester: { mail } })).status).toBe(400);
  }
});

test("an erased ticket stays erased after a reconciliation and a repeated request", async () => {
  const mail = "ann@example.com";
  const asked = ["POST", "/tickets", { message: "planted words", requester: { mail } }] as const;
  const key = { "idempotency-key": '"a key"' };
  const { body: ticket } = await app.call(...asked, key);
  await app.call("POST", "/reconcile/tickets");
  expect((await app.call("GET", `/stored/tickets/${ticket.id}`)).body).toMatchObject({ requester: { mail } });
  const found = await search({ email: mail });
  expect(found.map(({ place }: { place?: string }) => place)).toEqual(
    expect.arrayContaining(["tickets", "answers", undefined]),
  );

  expect((await app.call("POST", "/erasures", { email: mail })).body.done).toBe(true);
  expect((await app.call("POST", "/reconcile/tickets")).status).toBe(200);
  expect((await app.call("GET", `/stored/tickets/${ticket.id}`)).body).toEqual({
    id: ticket.id,
    erasedAt: expect.any(String),
  });
  expect((await app.call("GET", `/stored/tickets?requester=${mail}`)).body.items).toEqual([]);
  expect((await app.call(...asked, key)).body).toEqual({ id: ticket.id, erased: true });
  expect(await search({ email: mail })).toEqual([{ next: null, done: true }]);
});

test("a ticket erased before it was stored is not stored by the reconciliation", async () => {
  const mail = "eve@example.com";
  const { body: ticket } = await app.call("POST", "/tickets", { message: "planted", requester: { mail } });
  await app.deliver("ticket-created", { event_type: "ticket_created", ticket });
  expect((await app.call("POST", "/erasures", { email: mail })).body).toMatchObject({
    erased: 1,
    done: true,
  });
  const { body: run } = await app.call("POST", "/reconcile/tickets");
  expect(run).toMatchObject({ outcome: "completed", recovered: 0 });
  expect((await app.call("GET", `/stored/tickets/${ticket.id}`)).body).toEqual({
    id: ticket.id,
    erasedAt: expect.any(String),
  });
  expect(await search({ email: mail })).toEqual([{ next: null, done: true }]);
});

test("credentials in LiveChat's answers and deliveries are neither answered nor stored", async () => {
  const secret = "planted-credential";
  const shown = { login: "sam@example.com", name: "Sam", api_key: secret, password: secret };
  const key = { "idempotency-key": '"agent"' };
  const create = () => app.call("POST", "/agents", { login: "sam@example.com", name: "Sam" }, key);
  app.sandbox.faults.plan({ do: "answer", status: 201, body: shown, path: "/agents", times: 1 });
  const answers = [await create(), await create()];
  app.sandbox.faults.plan({ do: "answer", status: 200, body: [shown], path: "/agents", times: 1 });
  answers.push(await app.call("GET", "/agents"));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 200]);
  for (const { body } of answers) {
    expect(JSON.stringify(body)).not.toContain(secret);
  }

  const envelope = JSON.stringify(ended("C", "c@example.com"));
  const planted = `"token":"${secret}","secret_key":"${secret}"`;
  const twice = `{${planted},${envelope.slice(1, -1)},${planted}}`;
  const { body: stored } = await app.deliver("chat-ended", twice);
  const { body: quarantined } = await app.deliver("chat-ended", `[${twice}]`);
  expect([stored.status, quarantined.status]).toEqual(["stored", "quarantined"]);
  for (const path of [
    `/events/${stored.id}`,
    `/events/${stored.id}?raw=true`,
    `/quarantine/${quarantined.id}`,
  ]) {
    const { status, body } = await app.call("GET", path);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain(secret);
  }
});
