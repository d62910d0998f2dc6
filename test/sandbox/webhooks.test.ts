import { afterEach, beforeEach, expect, test } from "vitest";
import { RETRY_DELAYS } from "../../local/sandbox/deliveries.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import { callerOf, clockAt } from "./caller.ts";
import { startReceiver } from "./receiver.ts";

const START = "2026-03-10T12:00:00.500Z";
const HOUR = 60 * 60 * 1000;

let sandbox: Sandbox;
let call: ReturnType<typeof callerOf>;
let waits: number[];

beforeEach(async () => {
  const clock = clockAt(START);
  waits = [];
  const wait = async (milliseconds: number) => {
    waits.push(milliseconds);
    clock.pass(milliseconds);
  };
  sandbox = await startSandbox({ now: clock.now, deliveries: { wait } });
  call = callerOf(sandbox);
});
afterEach(() => sandbox.close());

const aTicket = { message: "Help", requester: { mail: "visitor@example.com" } };

test("a registration is answered with the webhook in the list's shape", async () => {
  const json = {
    event_type: "chat_ended",
    data_types: ["chat", "visitor"],
    url: "https://u:p@app.example.com/hook",
  };

  const { status, body } = await call("POST /webhooks", { json });

  expect(status).toBe(200);
  expect(body).toEqual({
    events: [
      {
        ...{
          id: expect.any(String),
          licence: 12345678,
          verified: true,
          token: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
        ...json,
      },
    ],
  });
  expect(await call("GET /webhooks")).toMatchObject({ status: 200, body });
});

test("two equal registrations by a form make two webhooks", async () => {
  const form = "event_type=ticket_created&data_types[]=ticket&url=https://app.example.com/hook";

  await call("POST /webhooks", { form });
  await call("POST /webhooks", { form });

  const { body } = await call("GET /webhooks");
  const { events } = body as { events: { id: string }[] };
  expect(new Set(events.map(({ id }) => id)).size).toBe(2);
});

test.each([
  ["event_type", { event_type: "chat_rated", data_types: ["chat"], url: "https://app.example.com" }],
  ["data_types", { event_type: "ticket_created", data_types: ["chat"], url: "https://app.example.com" }],
  ["data_types", { event_type: "ticket_created", data_types: [], url: "https://app.example.com" }],
  ["url", { event_type: "ticket_created", data_types: ["ticket"], url: "ftp://app.example.com" }],
])("a registration with a wrong %s is a 400", async (field, json) => {
  const { status, body } = await call("POST /webhooks", { json });

  expect({ status, body }).toMatchObject({
    status: 400,
    body: { errors: [expect.stringContaining(`${field}:`)] },
  });
});

const ticketWebhook = {
  event_type: "ticket_created" as const,
  data_types: ["ticket"],
  url: "https://app.example.com",
};

test("DELETE removes a webhook", async () => {
  const { id } = sandbox.webhooks.register(ticketWebhook);
  expect(await call(`DELETE /webhooks/${id}`)).toMatchObject({
    status: 200,
    body: { result: expect.any(String) },
  });
  expect(await call("GET /webhooks")).toMatchObject({ body: { events: [] } });
});

test("a second DELETE of a webhook is a 404", async () => {
  const { id } = sandbox.webhooks.register(ticketWebhook);
  await call(`DELETE /webhooks/${id}`);
  expect(await call(`DELETE /webhooks/${id}`)).toMatchObject({ status: 404 });
  expect(await call("GET /webhooks")).toMatchObject({ body: { events: [] } });
});

const register = (url: string) =>
  sandbox.webhooks.register({ event_type: "ticket_created", data_types: ["ticket"], url });

test("ticket_created is sent with its envelope and the credentials of the URL", async () => {
  await using receiver = await startReceiver(200);
  const { token } = register(`http://hook%40user:p%3Ass@${receiver.address}/receivers/ticket-created`);

  const { body } = await call("POST /tickets", { json: aTicket });
  await sandbox.deliveries.settled();

  const [created] = (body as { tickets: { id: string }[] }).tickets;
  expect(receiver.received).toEqual([
    {
      path: "/receivers/ticket-created",
      headers: expect.objectContaining({
        "content-type": "application/json",
        authorization: `Basic ${Buffer.from("hook@user:p:ss").toString("base64")}`,
      }),
      body: {
        event_type: "ticket_created",
        token,
        license_id: "12345678",
        lc_version: "2",
        ticket: expect.objectContaining({
          id: created?.id,
          date: START,
          modified: START,
          groups: [{ id: 0, name: "All operators" }],
          events: [expect.objectContaining({ type: "message", date: START, message: "Help" })],
        }),
      },
    },
  ]);
});

test("ticket_created is sent to each webhook that is registered now", async () => {
  await using receiver = await startReceiver(200);
  register(receiver.url);
  register(receiver.url);
  sandbox.webhooks.remove(register(receiver.url).id);

  sandbox.tickets.create(aTicket);
  await sandbox.deliveries.settled();

  expect(receiver.received).toHaveLength(2);
  expect(receiver.received[0]?.headers).not.toHaveProperty("authorization");
});

test("ticket_created is not sent for a silently created ticket", async () => {
  await using receiver = await startReceiver(200);
  register(receiver.url);

  sandbox.tickets.create(aTicket, { silently: true });
  sandbox.tickets.fill(10);
  await sandbox.deliveries.settled();

  expect(sandbox.deliveries.list).toEqual([]);
});

test("ticket_created has times in epoch seconds with the variant webhookTimes=epoch", async () => {
  await using receiver = await startReceiver(200);
  register(receiver.url);
  sandbox.variants.webhookTimes = "epoch";

  sandbox.tickets.create(aTicket);
  await sandbox.deliveries.settled();

  expect(receiver.received[0]?.body).toMatchObject({
    ticket: { date: Math.floor(Date.parse(START) / 1000) },
  });
});

test.each([201, 204, 302, 401, 500])(
  "ticket_created is repeated after a %s until the receiver answers 200",
  async (status) => {
    await using receiver = await startReceiver(status, status, 200);
    register(receiver.url);

    sandbox.tickets.create(aTicket);
    await sandbox.deliveries.settled();

    const [first, ...again] = receiver.received.map(({ body }) => body);
    expect(again).toEqual([first, first]);
    expect(waits).toEqual(RETRY_DELAYS.slice(0, 2));
    expect(sandbox.deliveries.list).toMatchObject([
      { state: "delivered", attempts: [{ outcome: status }, { outcome: status }, { outcome: 200 }] },
    ]);
  },
);

test("ticket_created is repeated when the receiver breaks off or cannot be reached", async () => {
  await using receiver = await startReceiver((response) => response.destroy(), 200);
  register(receiver.url);
  register("http://127.0.0.1:1/");

  sandbox.tickets.create(aTicket);
  await sandbox.deliveries.settled();

  expect(sandbox.deliveries.list).toMatchObject([
    { attempts: [{ outcome: expect.stringMatching(/^UND_ERR/) }, { outcome: 200 }] },
    { state: "given up", to: "http://127.0.0.1:1/" },
  ]);
});

test("ticket_created is repeated when the receiver does not answer in time", async () => {
  await using receiver = await startReceiver(() => {});
  await using impatient = await startSandbox({ deliveries: { delays: [1], timeLimit: 50 } });
  impatient.webhooks.register({ event_type: "ticket_created", data_types: ["ticket"], url: receiver.url });

  impatient.tickets.create(aTicket);
  await impatient.deliveries.settled();

  const outcome = "TimeoutError";
  expect(impatient.deliveries.list).toMatchObject([
    { state: "given up", attempts: [{ outcome }, { outcome }] },
  ]);
});

test("ticket_created is given up after ten repetitions within six hours", async () => {
  await using receiver = await startReceiver(503);
  register(receiver.url);

  sandbox.tickets.create(aTicket);
  await sandbox.deliveries.settled();

  const [delivery] = sandbox.deliveries.list;
  const times = delivery?.attempts.map(({ at }) => at - Date.parse(START)) ?? [];
  expect(receiver.received).toHaveLength(11);
  expect(delivery).toMatchObject({ state: "given up" });
  expect(times.at(-1)).toBeGreaterThan(5 * HOUR);
  expect(times.at(-1)).toBeLessThan(6 * HOUR);
});

test("a delivery is sent again on request with the same body and credentials", async () => {
  await using receiver = await startReceiver(200);
  register(`http://user:secret@${receiver.address}/hook`);
  sandbox.tickets.create(aTicket);
  await sandbox.deliveries.settled();

  const { body } = await call("GET /sandbox/deliveries");
  expect(JSON.stringify(body)).not.toContain("secret");
  const [{ id } = { id: "" }] = body as { id: string }[];
  expect(await call(`POST /sandbox/deliveries/${id}/repeat`)).toMatchObject({ status: 200 });
  await sandbox.deliveries.settled();

  const [first, second] = receiver.received;
  expect(second?.body).toEqual(first?.body);
  expect(second?.headers.authorization).toBe(first?.headers.authorization);
});

test("the repetition of an unknown delivery is a 404", async () => {
  expect(await call("POST /sandbox/deliveries/none/repeat")).toMatchObject({ status: 404 });
});

test("ticket_created is not repeated after the sandbox is closed", async () => {
  await using receiver = await startReceiver(503);
  const patient = await startSandbox({ deliveries: { delays: [HOUR] } });
  patient.webhooks.register({ event_type: "ticket_created", data_types: ["ticket"], url: receiver.url });
  patient.tickets.create(aTicket);
  await expect.poll(() => patient.deliveries.list[0]?.attempts[0]?.outcome, { timeout: 10_000 }).toBe(503);

  await patient.close();
  await patient.deliveries.settled();

  expect(receiver.received).toHaveLength(1);
});

const types = ["chat", "visitor", "pre_chat_survey"];

test("chat_started and chat_ended are sent once for a chat, the end with transcript", async () => {
  await using receiver = await startReceiver(200);
  sandbox.webhooks.register({ event_type: "chat_started", data_types: types, url: receiver.url });
  sandbox.webhooks.register({ event_type: "chat_ended", data_types: types, url: receiver.url });
  const survey = [
    { id: "1", type: "name", label: "Name", answer: "Ann" },
    { id: "2", type: "checkbox", label: "About", answers: [{ label: "An order", chosen: true }] },
  ];

  const { body } = await call("POST /sandbox/chats", {
    json: { visitor: { name: "Ann" }, agent: "sam@example.com", survey },
  });
  await sandbox.deliveries.settled();
  const { id } = body as { id: string };
  await call(`POST /sandbox/chats/${id}/messages`, { json: { text: "Hello?" } });
  await call(`POST /sandbox/chats/${id}/messages`, { json: { text: "Hi Ann!", by: "agent" } });
  await call(`POST /sandbox/chats/${id}/end`, { json: { tags: ["delivery"] } });
  await sandbox.deliveries.settled();

  const [started, ended] = receiver.received.map(({ body }) => body);
  expect(started).toMatchObject({
    event_type: "chat_started",
    event_unique_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    license_id: "12345678",
    chat: {
      id,
      started_timestamp: START,
      messages: [],
      agents: [{ name: "Sam Support", login: "sam@example.com" }],
    },
    visitor: {
      name: "Ann",
      email: "mary@example.com",
      custom_variables: [{ key: "cart", value: "2 items" }],
    },
    pre_chat_survey: survey,
  });
  expect(started?.chat).not.toHaveProperty("ended_timestamp");
  expect(ended).toMatchObject({
    event_type: "chat_ended",
    chat: {
      id,
      started_timestamp: START,
      ended_timestamp: START,
      tags: ["delivery"],
      groups: [0],
      messages: [
        { user_type: "visitor", author_name: "Ann", text: "Hello?", timestamp: START },
        { user_type: "agent", author_name: "Sam Support", agent_id: "sam@example.com", text: "Hi Ann!" },
      ],
      events: [{ type: "closed", timestamp: START }],
    },
  });
  expect(ended?.event_unique_id).not.toBe(started?.event_unique_id);
});

test("a webhook gets only the data types of its registration", async () => {
  await using receiver = await startReceiver(200);
  sandbox.webhooks.register({ event_type: "chat_ended", data_types: ["chat"], url: receiver.url });

  sandbox.chats.hold({ survey: [] });
  await sandbox.deliveries.settled();

  expect(receiver.received).toHaveLength(1);
  expect(Object.keys(receiver.received[0]?.body ?? {})).toEqual([
    ...["event_type", "event_unique_id", "token", "license_id", "lc_version", "chat"],
  ]);
});

test("a skipped survey is an empty list in chat_started", async () => {
  await using receiver = await startReceiver(200);
  sandbox.webhooks.register({ event_type: "chat_started", data_types: types, url: receiver.url });

  sandbox.chats.start({ survey: [] });
  await sandbox.deliveries.settled();

  expect(receiver.received[0]?.body).toHaveProperty("pre_chat_survey", []);
});

test("a whole chat is made by one call, with the given messages or default ones", async () => {
  const messages = [{ text: "Ciao", by: "visitor" }];

  expect(await call("POST /sandbox/chats/whole")).toMatchObject({
    status: 200,
    body: {
      messages: [{ user_type: "agent" }, { user_type: "visitor" }, {}, {}],
      endedAt: Date.parse(START),
    },
  });
  expect(await call("POST /sandbox/chats/whole", { json: { messages } })).toMatchObject({
    body: { messages: [{ text: "Ciao" }] },
  });
});

test("a message or an end for an ended chat is a 400", async () => {
  const { id } = sandbox.chats.hold();

  expect(await call(`POST /sandbox/chats/${id}/messages`, { json: { text: "Hello?" } })).toMatchObject({
    status: 400,
  });
  expect(await call(`POST /sandbox/chats/${id}/end`)).toMatchObject({ status: 400 });
});

test("an end for an unknown chat is a 404", async () => {
  expect(await call("POST /sandbox/chats/NONE/end")).toMatchObject({ status: 404 });
});
