import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, basic, startApp, WEBHOOK } from "./start-app.ts";

let app: App;
beforeAll(async () => {
  app = await startApp({ env: { LIVECHAT_LICENSE_ID: "12345678" } });
});
afterAll(() => app?.stop());

const chatEnded = (id: string, more: object = {}) => ({
  event_type: "chat_ended",
  event_unique_id: `unique-${id}`,
  token: "a-token-that-is-a-credential",
  license_id: "12345678",
  lc_version: "5",
  chat: {
    id,
    url: "https://shop.example.com",
    started_timestamp: 1408356305,
    ended_timestamp: "2014-08-18T10:15:05Z",
    messages: [
      { user_type: "visitor", author_name: "Vera", text: "\u{1F4A1} dark\u0000", timestamp: 1408356310 },
    ],
    agents: [{ name: "Ana", login: "ana@example.com" }],
    tags: ["lamp"],
    groups: [0],
    ...more,
  },
  visitor: { id: "S1", name: "Vera", email: "vera@example.com", newField: { kept: true } },
  pre_chat_survey: [
    {
      id: "1",
      type: "checkbox",
      label: "About?",
      answers: [
        { label: "Lamps", chosen: true },
        { label: "Desks", chosen: false },
      ],
    },
  ],
});

const log = async () => (await app.call("GET", "/events?limit=1000")).body.items as Record<string, unknown>[];

test("a delivery is in the log, once and normalised, when it is answered", async () => {
  const first = await app.deliver("chat-ended", chatEnded("C1"));
  expect(first).toMatchObject({ status: 200, body: { status: "stored", id: expect.any(String) } });
  const second = await app.deliver("chat-ended", chatEnded("C1"));
  expect(second).toMatchObject({ status: 200, body: { status: "duplicate", id: first.body.id } });

  const { body: event } = await app.call("GET", `/events/${first.body.id}`);
  expect(event).toMatchObject({
    id: first.body.id,
    seq: expect.any(Number),
    type: "chat_ended",
    origin: "webhook",
    occurredAt: "2014-08-18T10:15:05.000Z",
    receivedAt: expect.stringMatching(/Z$/),
    chatId: "C1",
    payload: {
      license_id: "12345678",
      chat: {
        started_timestamp: "2014-08-18T10:05:05.000Z",
        messages: [{ text: "\u{1F4A1} dark\u0000", timestamp: "2014-08-18T10:05:10.000Z" }],
      },
      visitor: { newField: { kept: true } },
      pre_chat_survey: [{ label: "About?", answer: "Lamps" }],
    },
  });
  expect((await log()).filter(({ id }) => id === event.id)).toEqual([event]);
  const raw = await app.call("GET", `/events/${event.id}?raw=true`);
  const { token: _, ...sent } = chatEnded("C1");
  expect(raw.body).toEqual(sent);
});

test.each([
  ["no credentials", null],
  ["a wrong password", basic({ ...WEBHOOK, password: "x" })],
  ["a wrong user", basic({ ...WEBHOOK, username: "x" })],
  ["another scheme", `Bearer ${WEBHOOK.password}`],
  ["nonsense", "Basic %%%"],
])("a delivery with %s is 401 and not stored", async (_, authorization) => {
  const before = await log();
  const answer = await app.deliver("chat-ended", chatEnded("C2"), authorization);
  expect(answer).toMatchObject({ status: 401, body: { status: 401 } });
  expect(await log()).toEqual(before);
});

test("a delivery of another licence is 403", async () => {
  const answer = await app.deliver("chat-ended", { ...chatEnded("C3"), license_id: "1" });
  expect(answer.status).toBe(403);
});

test("a delivery that is empty, not UTF-8 or not JSON is 400", async () => {
  expect((await app.deliver("chat-ended", "{")).status).toBe(400);
  expect((await app.deliver("chat-ended", new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400);
  expect((await app.deliver("chat-ended", "")).status).toBe(400);
});

test("a delivery of more than 16 MiB is 413 with a log line", async () => {
  const answer = await app.deliver("chat-ended", new Uint8Array(16 * 1024 * 1024 + 1).fill(0x20));
  expect(answer).toMatchObject({ status: 413, body: { status: 413 } });
  await expect.poll(() => app.log.join("\n")).toMatch(/delivery refused.*chat_ended.*too-large/);
});

test("an unreadable delivery is quarantined without its token until it is deleted", async () => {
  const odd = { ...chatEnded("C4"), chat: { no: "id" } };
  const answer = await app.deliver("chat-ended", odd);
  expect(answer).toMatchObject({ status: 200, body: { status: "quarantined", id: expect.any(String) } });
  const { id } = answer.body;
  expect((await app.deliver("chat-ended", odd)).body.id).toBe(id);

  const { body: entry } = await app.call("GET", `/quarantine/${id}`);
  expect(entry).toMatchObject({
    expected: "chat_ended",
    problems: [{ path: "chat.id", message: "chat.id is required." }],
  });
  const { token: _, ...kept } = odd;
  expect(JSON.parse(entry.raw)).toEqual(kept);
  expect((await app.call("GET", "/quarantine")).body.items.map(({ id }: { id: string }) => id)).toContain(id);
  expect((await app.call("POST", `/quarantine/${id}/replay`)).status).toBe(409);
  expect((await app.call("DELETE", `/quarantine/${id}`)).status).toBe(204);
  expect((await app.call("GET", `/quarantine/${id}`)).status).toBe(404);
});

test("a delivery at the URL of another event is quarantined", async () => {
  const answer = await app.deliver("chat-started", chatEnded("C5"));
  expect(answer.body.status).toBe("quarantined");
  expect((await app.call("GET", "/status")).body.checks).toContainEqual(
    expect.objectContaining({
      name: "quarantine",
      state: "attention",
      detail: "1 delivery was not readable and is kept aside.",
      action: expect.stringContaining("GET /quarantine"),
    }),
  );
});

// Valid in JSON, but not as a column of Table Storage.
test.each([
  ["half a surrogate pair", "\\ud800"],
  ["40,000 characters", "x".repeat(40_000)],
])("a chat or ticket whose id has %s is stored", async (_, id) => {
  const chat = JSON.stringify(chatEnded("ID")).replace('"id":"ID"', `"id":"${id}"`);
  const ticket = `{"license_id":"12345678","ticket":{"id":"${id}"}}`;
  expect(await app.deliver("chat-ended", chat)).toMatchObject({ status: 200, body: { status: "stored" } });
  expect(await app.deliver("ticket-created", ticket)).toMatchObject({
    status: 200,
    body: { status: "stored" },
  });
});

test("the webhooks of a chat and of a ticket become their events in the log", async () => {
  for (const [event_type, path] of [
    ["chat_started", "chat-started"],
    ["chat_ended", "chat-ended"],
    ["ticket_created", "ticket-created"],
  ] as const) {
    const url = new URL(`${app.url}/receivers/${path}`);
    Object.assign(url, WEBHOOK);
    const data_types =
      event_type === "ticket_created"
        ? (["ticket"] as const)
        : (["chat", "visitor", "pre_chat_survey"] as const);
    app.sandbox.webhooks.register({ event_type, data_types: [...data_types], url: url.href });
  }
  const chat = app.sandbox.chats.hold();
  const ticket = app.sandbox.tickets.create({ message: "Hi", requester: { mail: "vera@example.com" } });
  await app.sandbox.deliveries.settled();

  const { body: stored } = await app.call("GET", `/chats/${chat.id}`);
  expect(stored).toMatchObject({ chatId: chat.id, state: "ended", payload: { chat: { id: chat.id } } });
  expect(stored.events.map(({ type }: { type: string }) => type).sort()).toEqual([
    "chat_ended",
    "chat_started",
  ]);
  const { body: tickets } = await app.call("GET", `/events?ticket_id=${ticket.id}`);
  expect(tickets.items).toMatchObject([{ type: "ticket_created", ticketId: ticket.id }]);
});

test("the log lines about deliveries have no token, password or email address", () => {
  expect(app.log.join("\n")).not.toMatch(/a-token-that-is-a-credential|a webhook's password|vera@example/);
});

test("refused deliveries are counted in GET /status with one log line a minute", async () => {
  // The count includes the deliveries that earlier tests sent.
  const refused = () => app.deliver("chat-started", {}, basic({ ...WEBHOOK, password: "x" }));
  await Promise.all(Array.from({ length: 20 }, refused));
  const { body } = await app.call("GET", "/status");
  const check = body.checks.find(({ name }: { name: string }) => name === "refusals");
  expect(check).toMatchObject({
    state: "attention",
    detail: expect.stringMatching(
      /\d\d deliveries refused with 401 in the last hour: the password at LiveChat differs\..*with 403 .*with 400 .* 1 call came without any credentials/,
    ),
    action: expect.stringContaining("LIVECHAT_WEBHOOK_PASSWORD"),
  });
  const lines = () => app.log.filter((line) => /delivery refused.*chat_started.*unauthorized/.test(line));
  await expect.poll(lines).toHaveLength(1);
});
