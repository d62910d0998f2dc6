import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type App, startApp } from "../app/start-app.ts";
import { startSubscriber } from "./subscriber.ts";
import { arrived, idsOf } from "./world.ts";

const KEY = "a key of the functions";

let app: App;
let closed: App;
beforeAll(async () => {
  [app, closed] = await Promise.all([
    startApp({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } }),
    startApp({ env: { LOCAL_FUNCTION_KEY: KEY }, flags: ["--enable-auth"] }),
  ]);
});
afterAll(async () => {
  await Promise.all([app?.stop(), closed?.stop()]);
});

/** The ids of the subscriptions of former tests. They are removed, because a new subscriber may get a former one's port. */
const removed: string[] = [];
afterEach(async () => {
  const { body } = await app.call("GET", "/subscriptions");
  for (const { id } of body.items) {
    await app.call("DELETE", `/subscriptions/${id}`);
    removed.push(id);
  }
});

const TRIGGERS = [
  ["chat_started", "/chat_starts_webhook/webhooks?event_type=chat_started"],
  ["chat_ended", "/chat_ends_webhook/webhooks?event_type=chat_ended"],
  ["ticket_created", "/ticket_created_webhook/webhooks?event_type=ticket_created&data_types[]=ticket"],
] as const;
const CHAT_STARTS = TRIGGERS[0][1];

let chats = 0;
/** LiveChat's delivery of the start of a new chat. */
function chatStarted() {
  chats += 1;
  return {
    event_type: "chat_started",
    license_id: "12345678",
    token: "a-token-that-is-a-credential",
    chat: { id: `C${chats}`, started_timestamp: 1_768_000_000 + chats },
    visitor: { id: "S1", name: "Vera" },
  };
}

test("a flow that subscribes receives signed events until it unsubscribes", async () => {
  const subscriber = await startSubscriber(202);
  await app.deliver("chat-started", chatStarted());
  const url = `${subscriber.url}?sig=secret%2Fpart`;
  const created = await app.call("POST", CHAT_STARTS, { url });
  expect(created).toMatchObject({
    status: 201,
    body: { id: expect.stringMatching(/^[\w-]{32}$/), type: "chat_started" },
  });
  const location = created.headers.get("location") ?? "";
  expect(location).toBe(`${app.url}/subscriptions/${created.body.id}`);

  const delivery = chatStarted();
  const { body: receipt } = await app.deliver("chat-started", delivery);
  await arrived(subscriber, 1);
  const [{ target, headers, body }] = subscriber.arrivals as [(typeof subscriber.arrivals)[0]];
  expect(target).toBe("/hook?sig=secret%2Fpart");
  expect(headers).toMatchObject({ "content-type": "application/json", "webhook-id": receipt.id });
  const verified = new Webhook(created.body.secret).verify(body, headers as Record<string, string>);
  const { body: event } = await app.call("GET", `/events/${receipt.id}`);
  expect(verified).toEqual(event.payload);
  expect(body).not.toContain("a-token-that-is-a-credential");

  const removed = await fetch(location, { method: "DELETE" });
  expect(removed.status).toBe(204);
  expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
  await app.deliver("chat-started", chatStarted());
  const later = await startSubscriber();
  await app.call("POST", CHAT_STARTS, { url: later.url });
  await app.deliver("chat-started", chatStarted());
  await arrived(later, 1);
  expect(subscriber.arrivals).toHaveLength(1);
});

test("an event that reconciliation finds is delivered to subscribers", async () => {
  const subscribers = await Promise.all(TRIGGERS.map(() => startSubscriber()));
  for (const [index, [, path]] of TRIGGERS.entries()) {
    expect((await app.call("POST", path, { url: subscribers[index]?.url })).status).toBe(201);
  }
  await app.deliver("chat-ended", { ...chatStarted(), event_type: "chat_ended" });
  await app.call("POST", "/reconcile/tickets");
  const ticket = app.sandbox.tickets.create({ message: "Hi", requester: { mail: "vera@example.com" } });
  await app.call("POST", "/reconcile/tickets");
  const [started, ended, tickets] = subscribers;
  await Promise.all([ended && arrived(ended, 1), tickets && arrived(tickets, 1)]);
  expect(JSON.parse(tickets?.arrivals[0]?.body ?? "")).toMatchObject({ ticket: { id: ticket.id } });
  expect(started?.arrivals).toEqual([]);
});

test("concurrent calls with the same event type and URL create one subscription", async () => {
  const { url } = await startSubscriber();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => app.call("POST", CHAT_STARTS.toUpperCase().split("?")[0] ?? "", { url })),
  );
  expect(new Set(answers.map(({ headers }) => headers.get("location")))).toEqual(
    new Set([`${app.url}/subscriptions/${answers[0]?.body.id}`]),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
});

test("resume and replay send the events of a failing subscription in order", async () => {
  let isDown = true;
  const subscriber = await startSubscriber((response) => {
    if (isDown) response.writeHead(503, { "retry-after": "3600" });
    response.end();
  });
  const url = `${subscriber.url}/secret-path`.replace("http://", "http://user:secret-password@");
  const { body: created } = await app.call("POST", CHAT_STARTS, { url });
  const mine = async () => {
    const { body } = await app.call("GET", "/subscriptions");
    expect(JSON.stringify(body)).not.toContain("secret");
    return body.items.find(({ id }: { id: string }) => id === created.id);
  };
  const port = new URL(url).port;
  const fresh = await mine();
  expect(fresh).toMatchObject({
    type: "chat_started",
    callback: `http://127.0.0.1:${port}/…`,
    state: "active",
    lag: 0,
    failures: 0,
    cursor: expect.any(Number),
  });

  const sent: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    sent.push((await app.deliver("chat-started", chatStarted())).body.id);
  }
  // The first event blocks the others.
  await expect.poll(async () => (await mine()).nextAttemptAt).toBeDefined();
  const failing = await mine();
  expect(failing).toMatchObject({
    state: "retrying",
    cursor: fresh.cursor,
    lag: 3,
    failures: 1,
    waitingSince: expect.stringMatching(/Z$/),
    lastAnswer: { at: expect.stringMatching(/Z$/), status: 503 },
  });
  const pause = Date.parse(failing.nextAttemptAt) - Date.parse(failing.lastAnswer.at);
  expect(pause).toBe(3_600_000);
  const tried = subscriber.arrivals.length;
  expect(tried).toBe(1);

  isDown = false;
  const resumed = await app.call("POST", `/subscriptions/${created.id}/resume`);
  expect(resumed).toMatchObject({ status: 200, body: { id: created.id, state: "active", failures: 0 } });
  await arrived(subscriber, tried + 3);
  expect(idsOf(subscriber.arrivals.slice(tried))).toEqual(sent);
  expect(subscriber.arrivals[0]?.headers.authorization).toMatch(/^Basic /);

  const { seq } = (await app.call("GET", `/events/${sent[1]}`)).body;
  const replayed = await app.call("POST", `/subscriptions/${created.id}/replay`, { seq });
  expect(replayed).toMatchObject({ status: 200, body: { cursor: seq - 1 } });
  await arrived(subscriber, tried + 5);
  expect(idsOf(subscriber.arrivals.slice(tried + 3))).toEqual(sent.slice(1));
  await expect.poll(async () => (await mine()).lag).toBe(0);
  expect(await app.call("POST", `/subscriptions/${created.id}/replay`, { seq: seq + 100 })).toMatchObject({
    status: 400,
    body: { errors: [{ path: "seq", message: expect.stringContaining("the log ends at") }] },
  });
});

describe("POST /subscriptions", () => {
  const ticketOrChat = (tags: string[]) => {
    const { chat, ...envelope } = chatStarted();
    return { ...envelope, chat: { ...chat, tags } };
  };

  test("a subscription receives the events that match its filter, in batches", async () => {
    const subscriber = await startSubscriber();
    const terms = { url: subscriber.url, types: ["chat_started"], filter: { tag: ["vip"] }, batch: 10 };
    const created = await app.call("POST", "/subscriptions", terms);
    expect(created).toMatchObject({
      status: 201,
      body: {
        types: ["chat_started"],
        filter: { tag: ["vip"] },
        format: "payload",
        batch: 10,
        policy: "park",
      },
    });
    expect(created.headers.get("location")).toBe(`${app.url}/subscriptions/${created.body.id}`);
    await app.deliver("chat-started", ticketOrChat(["other"]));
    const { body: wanted } = await app.deliver("chat-started", ticketOrChat(["vip"]));
    await arrived(subscriber, 1);
    const [item] = JSON.parse(subscriber.arrivals[0]?.body ?? "");
    expect(item).toMatchObject({ id: wanted.id, type: "chat_started", payload: { chat: { tags: ["vip"] } } });
    const { headers, body } = subscriber.arrivals[0] as (typeof subscriber.arrivals)[0];
    new Webhook(created.body.secret).verify(body, headers as Record<string, string>);

    const changed = await app.call("POST", "/subscriptions", {
      url: subscriber.url,
      types: ["chat_started"],
      filter: { not: { tag: ["vip"] } },
    });
    expect(changed.body).toMatchObject({ id: created.body.id, secret: created.body.secret, batch: 1 });
    await app.deliver("chat-started", ticketOrChat(["vip"]));
    const { body: other } = await app.deliver("chat-started", ticketOrChat(["other"]));
    await arrived(subscriber, 2);
    expect(subscriber.arrivals[1]?.headers["webhook-id"]).toBe(other.id);
  });

  test("an event refused five times is parked until it is sent again on request", async () => {
    let status = 422;
    const subscriber = await startSubscriber((response, { body }) =>
      response.writeHead(body.includes("odd") ? status : 200).end("It does not fit."),
    );
    const { body: created } = await app.call("POST", "/subscriptions", { url: subscriber.url });
    const { body: odd } = await app.deliver("chat-started", ticketOrChat(["odd"]));
    const { body: fine } = await app.deliver("chat-started", ticketOrChat(["fine"]));
    await arrived(subscriber, 6);
    const path = `/subscriptions/${created.id}`;
    await expect.poll(async () => (await app.call("GET", path)).body.lag).toBe(0);
    const { body: shown } = await app.call("GET", path);
    expect(shown.parked).toMatchObject([{ eventId: odd.id, attempts: 5 }]);
    expect(
      shown.attempts.map(({ eventId, status }: { eventId: string; status: number }) => [eventId, status]),
    ).toEqual([...Array(5).fill([odd.id, 422]), [fine.id, 200]]);
    expect(JSON.stringify(shown)).not.toContain("/hook");
    const { body: attempts } = await app.call("GET", `/events/${odd.id}/attempts`);
    const own = attempts.items.filter(
      ({ subscription }: { subscription: string }) => subscription === created.id,
    );
    expect(own).toHaveLength(5);
    expect(own[0]).toMatchObject({ status: 422, excerpt: "It does not fit.", callback: shown.callback });

    status = 200;
    expect(await app.call("POST", `${path}/send`, { parked: true })).toMatchObject({
      status: 200,
      body: { attempts: [{ delivered: true, eventId: odd.id }], left: 0 },
    });
    expect(await app.call("POST", `${path}/send`, { id: fine.id })).toMatchObject({
      status: 200,
      body: { attempts: [{ delivered: true, eventId: fine.id, status: 200 }], left: 0 },
    });
    expect(await app.call("POST", `${path}/skip`)).toMatchObject({ status: 409 });
    expect(await app.call("POST", `${path}/send`, { id: "none" })).toMatchObject({ status: 404 });
    expect(await app.call("POST", `${path}/send`, {})).toMatchObject({ status: 400 });
    await app.call("DELETE", path);
    expect(await app.call("GET", path)).toMatchObject({ status: 404 });
  });

  test("a test after roll-secret is signed with both secrets", async () => {
    const subscriber = await startSubscriber((response) => response.writeHead(418).end("Short and stout."));
    const { body: created } = await app.call("POST", "/subscriptions", {
      url: subscriber.url,
      types: ["ticket_created"],
      format: "cloudevents",
    });
    const path = `/subscriptions/${created.id}`;
    const { body: rolled } = await app.call("POST", `${path}/roll-secret`);
    expect(rolled).toEqual({
      id: created.id,
      secret: expect.stringMatching(/^whsec_/),
      previousSecretUntil: expect.stringMatching(/Z$/),
    });
    expect(rolled.secret).not.toBe(created.secret);
    expect(await app.call("POST", `${path}/test`)).toMatchObject({
      status: 200,
      body: { delivered: false, status: 418, excerpt: "Short and stout." },
    });
    const [{ body, headers } = { body: "", headers: {} }] = subscriber.arrivals;
    expect(headers).toMatchObject({ "ce-type": "com.livechat.ticket_created" });
    for (const { secret } of [created, rolled]) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toHaveProperty("ticket");
    }
  });

  test.each([
    [{ types: [] }, "types"],
    [{ types: ["chat_paused"] }, "types.0"],
    [{ filter: { tag: [] } }, "filter.tag"],
    [{ filter: { colour: ["red"] } }, "filter.colour"],
    [{ filter: { not: {} } }, "filter.not"],
    [{ batch: 0 }, "batch"],
    [{ batch: 101 }, "batch"],
    [{ batch: 1.5 }, "batch"],
    [{ perMinute: 0 }, "perMinute"],
    [{ policy: "drop" }, "policy"],
    [{ format: "xml" }, "format"],
  ])("a subscription with the invalid terms %j is refused with 400", async (terms, path) => {
    const answer = await app.call("POST", "/subscriptions", { url: "https://example.com/", ...terms });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });
});

test.each([
  [CHAT_STARTS, {}, "url is required."],
  [CHAT_STARTS, { url: "hook" }, "url must be an absolute URL, such as https://example.com/hook."],
  [CHAT_STARTS, { url: "https://10.0.0.1/hook" }, "url must lead to a public address."],
  [
    CHAT_STARTS,
    { url: "https://example.com/", secret: "x" },
    "secret is not a known field. Use url, filter, perMinute, policy.",
  ],
  [
    CHAT_STARTS.replace("started", "ended"),
    { url: "https://example.com/" },
    "event_type must be chat_started.",
  ],
  [
    `${CHAT_STARTS}&data_types[]=chat`,
    { url: "https://example.com/" },
    "data_types[] is not a known field. Use event_type.",
  ],
])("POST %s with the body %j is refused with 400", async (path, body, message) => {
  const answer = await app.call("POST", path, body);
  expect(answer.status).toBe(400);
  expect(answer.body.errors.map((problem: { message: string }) => problem.message)).toEqual([message]);
});

test("resume and replay of a missing subscription answer 404", async () => {
  expect((await app.call("POST", "/subscriptions/none/resume")).status).toBe(404);
  expect((await app.call("POST", "/subscriptions/none/replay", { seq: 1 })).status).toBe(404);
  expect((await app.call("POST", "/subscriptions/none/replay", { seq: -1 })).status).toBe(400);
});

test.each([
  "http://example.com/hook",
  "http://127.0.0.1:7071/api/health",
  "https://127.0.0.1/",
  "https://localhost/",
  "https://2130706433/",
  "https://[::ffff:127.0.0.1]/",
  "https://169.254.169.254/latest/meta-data/",
  "https://168.63.129.16/",
  "https://metadata.google.internal/",
])("without ALLOW_LOOPBACK_CALLBACKS, a subscription to %s is refused", async (url) => {
  const answer = await closed.call("POST", CHAT_STARTS, { url }, { "x-functions-key": KEY });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "url" }] } });
});

test("every call about subscriptions requires a key, except DELETE of one", async () => {
  const withKey = { "x-functions-key": KEY };
  for (const [, path] of TRIGGERS) {
    expect((await closed.call("POST", path, { url: "https://hooks.example.com/" })).status).toBe(401);
  }
  expect((await closed.call("GET", "/subscriptions")).status).toBe(401);
  expect((await closed.call("POST", "/subscriptions/none/resume")).status).toBe(401);
  const url = `https://hooks.example.com/${"x".repeat(2_000)}`;
  const created = await closed.call("POST", CHAT_STARTS, { url }, withKey);
  expect(created.status).toBe(201);
  const location = created.headers.get("location") ?? "";
  expect(location).not.toContain(KEY);
  expect((await fetch(location, { method: "DELETE" })).status).toBe(204);
  expect((await closed.call("GET", "/subscriptions", undefined, withKey)).body).toEqual({ items: [] });
});

test("the log lines of the process contain no callback path, subscription id or secret", async () => {
  // A dispatch writes its log line when it ends, some time after its deliveries.
  await expect.poll(() => app.log.join("\n")).toContain("events delivered");
  const text = app.log.join("\n");
  expect(text).not.toMatch(/secret|whsec_|\/hook/);
  expect(removed).not.toEqual([]);
  for (const id of removed) expect(text).not.toContain(id);
});
