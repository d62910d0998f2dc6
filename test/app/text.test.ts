import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { startTextApp, type TextApp, WEBHOOK } from "./start-app.ts";

let app: TextApp;
beforeAll(async () => {
  app = await startTextApp({ env: { LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: "the password before" } });
  register(app);
});
afterAll(() => app.stop());

const KEY = encodeURIComponent(WEBHOOK.password);
const RECEIVER = `/receivers/text/chats?key=${KEY}`;

/** Registers the app's webhooks at the sandbox. */
function register({ sandbox, url }: TextApp, password = WEBHOOK.password): void {
  for (const action of ["incoming_chat", "chat_deactivated"]) {
    sandbox.webhooks.register({
      action,
      secret_key: password,
      type: "license",
      owner_client_id: sandbox.credentials.clientId,
      url: `${url}/receivers/text/chats?key=${encodeURIComponent(password)}`,
    });
  }
}

/** The delivery of a thread's end. */
const ended = (chat_id: string, thread_id: string, secret_key = WEBHOOK.password) => ({
  webhook_id: "w1",
  secret_key,
  action: "chat_deactivated",
  organization_id: "org",
  payload: { chat_id, thread_id },
});

type Logged = {
  id: string;
  type: string;
  api?: string;
  chatId: string;
  payload: { chat: { [name: string]: unknown } };
};

async function eventsOf(app: TextApp, chatId: string): Promise<Logged[]> {
  return (await app.call("GET", `/events?chat_id=${chatId}`)).body.items;
}

/** Waits until the log has `count` events of a chat. */
async function untilLogged(app: TextApp, chatId: string, count: number): Promise<Logged[]> {
  await expect.poll(() => eventsOf(app, chatId), { interval: 25 }).toHaveLength(count);
  return eventsOf(app, chatId);
}

/** The start and the end of a chat. Their webhooks come at once, so either may be the first in the log. */
const startAndEnd = (events: Logged[]) =>
  ["chat_started", "chat_ended"].map((wanted) => events.find(({ type }) => type === wanted));

test("a Text chat is in the log with its transcript, tags, rating and summary", async () => {
  const { id, chat } = app.sandbox.chats.hold({
    tags: ["delivery"],
    rating: { score: 1, comment: "thanks" },
    summary: "An order is late.",
  });
  const [start, end] = startAndEnd(await untilLogged(app, id, 2));
  expect([start?.type, end?.type, end?.api]).toEqual(["chat_started", "chat_ended", "text"]);
  expect(end?.payload).toMatchObject({
    chat: {
      id,
      text_chat_id: chat.id,
      tags: ["delivery"],
      rating: { score: 1, comment: "thanks" },
      summary: { text: "An order is late." },
    },
    visitor: { email: "mary@example.com", geolocation: { country: "Netherlands" } },
  });
  expect(end?.payload.chat.messages).toHaveLength(4);
  const got = await app.call("GET", `/chats/${id}`);
  expect(got.body).toMatchObject({ chatId: id, state: "ended" });
  // The original delivery without its secret_key.
  const raw = await app.call("GET", `/events/${end?.id}?raw=true`);
  expect(raw.body).toMatchObject({ action: "chat_deactivated", chat: { id: chat.id } });
  expect(JSON.stringify(raw.body)).not.toContain("secret_key");
});

describe("the Text receiver", () => {
  test.each([
    ["without a key", "/receivers/text/chats"],
    ["with a wrong key", "/receivers/text/chats?key=wrong"],
  ])("a Text delivery %s is 401 before its body is read", async (_, path) => {
    const { status } = await app.call("POST", path, "no JSON at all");
    expect(status).toBe(401);
  });

  test.each([
    ["a wrong secret_key", "wrong"],
    ["no secret_key", undefined],
  ])("a Text delivery with %s is 401 and not stored", async (_, secret_key) => {
    const delivery = { ...ended("C1", "T-refused"), secret_key };
    expect((await app.call("POST", RECEIVER, delivery)).status).toBe(401);
    expect(await eventsOf(app, "T-refused")).toEqual([]);
  });

  test("a Text delivery with the previous password is stored", async () => {
    const thread = app.sandbox.chats.hold({}, { silently: true });
    const before = "the password before";
    const delivery = ended(thread.chat.id, thread.id, before);
    const path = `/receivers/text/chats?key=${encodeURIComponent(before)}`;
    expect(await app.call("POST", path, delivery)).toMatchObject({ status: 200, body: { status: "stored" } });
    await untilLogged(app, thread.id, 1);
  });

  test("a Text delivery that is not JSON is 400", async () => {
    expect((await app.call("POST", RECEIVER, "{")).status).toBe(400);
  });

  test("a Text delivery with another action or without ids is quarantined with the reason", async () => {
    for (const action of ["chat_transferred", "constructor", ["incoming_chat"]]) {
      const other = { ...ended("C1", "T1"), action };
      expect((await app.call("POST", RECEIVER, other)).body.status).toBe("quarantined");
    }
    const { body } = await app.call("POST", RECEIVER, { ...ended("C1", "T1"), payload: { chat_id: "C1" } });
    expect(body.status).toBe("quarantined");
    const entry = (await app.call("GET", `/quarantine/${body.id}`)).body;
    expect(entry).toMatchObject({ expected: "chat_ended", problems: [{ path: "payload.thread_id" }] });
    expect(entry.raw).not.toContain(WEBHOOK.password);
  });

  const ODD_IDS = [
    ["half a surrogate pair", "\ud800"],
    ["40,000 characters", "x".repeat(40_000)],
  ] as const;

  test.each(ODD_IDS)("the end of a chat with an id of %s is quarantined", async (_, odd) => {
    const { body } = await app.call("POST", RECEIVER, ended("C-odd", odd));
    expect(body.status).toBe("quarantined");
    expect((await app.call("POST", RECEIVER, ended(odd, "T-odd"))).body.status).toBe("quarantined");
    const entry = (await app.call("GET", `/quarantine/${body.id}`)).body;
    expect(entry.problems).toEqual([
      {
        path: "payload.thread_id",
        message: "payload.thread_id must have at most 200 characters and be valid Unicode.",
      },
    ]);
  });

  test.each(ODD_IDS)("the end of a chat with an organization id of %s is stored", async (_, odd) => {
    const delivery = { ...ended("C-odd", `T-${odd.length}`), organization_id: odd };
    expect((await app.call("POST", RECEIVER, delivery)).body.status).toBe("stored");
  });

  test.each(ODD_IDS)("the start of a chat with an id of %s is stored", async (_, odd) => {
    const chat = { id: "C-odd", thread: { id: odd } };
    const delivery = { ...ended("C-odd", odd), action: "incoming_chat", payload: { chat } };
    expect((await app.call("POST", RECEIVER, delivery)).body.status).toBe("stored");
  });
});

test("parallel repeated deliveries in reverse order add each start and end once", async () => {
  const thread = app.sandbox.chats.hold({}, { silently: true });
  const start = {
    webhook_id: "w1",
    secret_key: WEBHOOK.password,
    action: "incoming_chat",
    organization_id: "org",
    payload: { chat: app.sandbox.chats.view(thread) },
  };
  const end = ended(thread.chat.id, thread.id);
  const replies = await Promise.all(
    [end, end, start, start, end, end, start, start].map((body) => app.call("POST", RECEIVER, body)),
  );
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(replies.filter(({ body }) => body.status === "stored")).toHaveLength(2);
  const events = await untilLogged(app, thread.id, 2);
  expect(events.map(({ type }) => type).sort()).toEqual(["chat_ended", "chat_started"]);
  // The receipt, sent before the transcript was fetched, has the id of the event.
  const ids = new Set(replies.map(({ body }) => body.id));
  expect(ids).toEqual(new Set(events.map(({ id }) => id)));
  expect((await app.call("POST", RECEIVER, end)).body).toMatchObject({ status: "duplicate" });
  expect(await eventsOf(app, thread.id)).toHaveLength(2);
});

test("a resumed chat is a second thread with its own start and end in the log", async () => {
  const first = app.sandbox.chats.hold();
  const second = app.sandbox.chats.hold({ chat: first.chat.id });
  const [one] = startAndEnd(await untilLogged(app, first.id, 2));
  const [two] = startAndEnd(await untilLogged(app, second.id, 2));
  expect(one?.payload.chat.text_chat_id).toBe(two?.payload.chat.text_chat_id);
  expect(two?.payload.chat.previous_thread_id).toBe(first.id);
});

test.each([
  ["anonymized", (id: string) => void app.sandbox.chats.anonymize(id)],
  ["gone", (id: string) => app.sandbox.chats.remove(id)],
])(
  "the end of a chat that is %s has its ids and the reason for no transcript",
  async (missing_transcript, spoil) => {
    const thread = app.sandbox.chats.hold({}, { silently: true });
    spoil(thread.chat.id);
    await app.call("POST", RECEIVER, ended(thread.chat.id, thread.id));
    const [end] = await untilLogged(app, thread.id, 1);
    expect(end?.payload).toMatchObject({
      chat: { id: thread.id, text_chat_id: thread.chat.id, missing_transcript },
    });
  },
);

test("a start or end from both APIs is stored once, in either order", async () => {
  const thread = app.sandbox.chats.hold();
  const events = await untilLogged(app, thread.id, 2);
  const v2 = (type: string, more: object) => ({
    event_type: type,
    token: "t",
    license_id: "1",
    lc_version: "2",
    chat: { id: thread.id, started_timestamp: "2026-01-15T09:00:00Z", ...more },
  });
  const late = await app.deliver("chat-ended", v2("chat_ended", { ended_timestamp: "2026-01-15T09:31:07Z" }));
  expect(late.body).toEqual({
    status: "duplicate",
    id: events.find(({ type }) => type === "chat_ended")?.id,
  });

  const other = app.sandbox.chats.hold({}, { silently: true });
  const first = { ...v2("chat_ended", {}), chat: { id: other.id, ended_timestamp: "2026-01-15T09:31:07Z" } };
  expect((await app.deliver("chat-ended", first)).body.status).toBe("stored");
  const { body } = await app.call("POST", RECEIVER, ended(other.chat.id, other.id));
  expect(body.status).toBe("duplicate");
  expect(await eventsOf(app, other.id)).toHaveLength(1);
});

test("after a minute of downtime one reconciliation recovers every chat once", async () => {
  await using sandbox = await startTextSandbox();
  const tables = { EVENTS_TABLE: `Events${crypto.randomUUID().replaceAll("-", "")}` };
  const other = await startTextApp({ sandbox, env: tables });
  try {
    const heard = sandbox.chats.hold({}, { silently: true });
    await other.call("POST", RECEIVER, ended(heard.chat.id, heard.id));
    const missed = Array.from({ length: 101 }, () =>
      sandbox.chats.hold({ messages: [] }, { silently: true }),
    );
    const goingOn = sandbox.chats.start({}, { silently: true });

    const first = await other.call("POST", "/reconcile/chats");
    expect(first.body).toMatchObject({ outcome: "completed", recovered: 103 });
    for (const thread of [heard, ...missed.slice(-3)]) {
      expect((await eventsOf(other, thread.id)).map(({ type }) => type).sort()).toEqual([
        "chat_ended",
        "chat_started",
      ]);
    }
    expect(await eventsOf(other, goingOn.id)).toMatchObject([{ type: "chat_started", origin: "reconcile" }]);

    sandbox.calls.clear();
    const second = await other.call("POST", "/reconcile/chats");
    expect(second.body).toMatchObject({ outcome: "completed", recovered: 0 });
    const { transcripts: _, ...run } = second.body;
    expect((await other.call("GET", "/reconcile/chats")).body).toEqual({
      runs: [
        { number: 2, ...run },
        { number: 1, ...first.body, transcripts: undefined },
      ],
    });
    const { body: last } = await other.call("GET", "/reconcile/chats?limit=1");
    expect(last.runs).toMatchObject([{ number: 2 }]);
    expect(sandbox.calls.count).toBeLessThanOrEqual(3);
    const { body } = await other.call("GET", "/events?limit=1000");
    expect(body.items).toHaveLength(2 * 102 + 1);
  } finally {
    await other.stop();
  }
});

test("when a host dies before it reads a transcript, the next adds the end with it", async () => {
  await using sandbox = await startTextSandbox();
  const tables = { EVENTS_TABLE: `Events${crypto.randomUUID().replaceAll("-", "")}` };
  const first = await startTextApp({ sandbox, env: tables });
  const thread = sandbox.chats.hold({}, { silently: true });
  sandbox.faults.plan({ do: "stall", path: "/v3.6/agent/action/get_chat", times: 1 });
  const { body } = await first.call("POST", RECEIVER, ended(thread.chat.id, thread.id));
  expect(body.status).toBe("stored");
  // The host requests the transcript, and gets no answer.
  await expect.poll(() => sandbox.calls.list.map(({ url }) => url)).toContain("/v3.6/agent/action/get_chat");
  first.process.kill("SIGKILL");
  await once(first.process, "exit");

  const second = await startTextApp({ sandbox, env: tables });
  try {
    expect(await eventsOf(second, thread.id)).toEqual([]);
    const again = await second.call("POST", RECEIVER, ended(thread.chat.id, thread.id));
    expect(again.body).toEqual({ status: "duplicate", id: body.id });
    await second.call("POST", "/reconcile/chats");
    const [, end] = startAndEnd(await untilLogged(second, thread.id, 2));
    expect(end).toMatchObject({ id: body.id, type: "chat_ended", origin: "webhook" });
    expect(end?.payload.chat.messages).toHaveLength(4);
  } finally {
    await second.stop();
  }
});

test("health checks count the billed calls and make none", async () => {
  const headers = { Legacy: "2026-03-01", Deprecation: "2026-09-01" };
  await using sandbox = await startTextSandbox({ variants: { headers } });
  const other = await startTextApp({ sandbox, env: { WEBHOOK_BASE_URL: "http://127.0.0.1:9" } });
  const checks = async (): Promise<Record<string, { state: string; detail: string; action: string }>> => {
    const { body } = await other.call("GET", "/status");
    return Object.fromEntries(body.checks.map((check: { name: string }) => [check.name, check]));
  };
  try {
    expect(await checks()).toMatchObject({
      livechat: { state: "ok", detail: "No call has been made to LiveChat yet." },
      registrations: { state: "attention" },
      "reconcile.chats": { state: "ok" },
    });
    expect((await other.call("GET", "/health")).status).toBe(200);
    expect(sandbox.calls.count).toBe(0);

    expect((await other.call("POST", "/registration")).body).toMatchObject({ created: 3 });
    // HelpDesk's calls are not billed.
    const { calls } = sandbox.billed;
    const month = new Date().toISOString().slice(0, 7);
    expect(await checks()).toMatchObject({
      livechat: { state: "ok", detail: expect.stringContaining("LiveChat answered the last call") },
      registrations: { state: "ok" },
      billing: { detail: expect.stringContaining(`${calls} calls to LiveChat were billed in ${month}`) },
      version: {
        state: "attention",
        detail: expect.stringContaining("deprecates version 3.6 of its API on 2026-09-01"),
      },
    });
    await expect.poll(() => other.log.filter((line) => line.includes("Deprecation"))).toHaveLength(1);

    sandbox.variants.missingScopes = ["agents--all:ro"];
    const refused = await other.call("GET", "/agents");
    expect(refused).toMatchObject({
      status: 502,
      body: { detail: expect.stringContaining("agents--all:ro") },
    });
    expect(await checks()).toMatchObject({
      livechat: { state: "attention", detail: expect.stringContaining("needs the scope agents--all:ro") },
    });
    expect((await other.call("GET", "/health")).status).toBe(200);
    expect(sandbox.billed.calls).toBe(calls + 1);
  } finally {
    await other.stop();
  }
});
