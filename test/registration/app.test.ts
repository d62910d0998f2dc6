import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp, WEBHOOK } from "../app/start-app.ts";

/** A gateway in front of the apps: WEBHOOK_BASE_URL must be known before an app has a port. */
let gateway: Server;
let baseUrl: string;
let behind: App;
let first: App;
const EVENTS_TABLE = `Events${crypto.randomUUID().replaceAll("-", "")}`;

beforeAll(async () => {
  gateway = createServer(async (request, response) => {
    if (!request.url?.startsWith("/api/")) return void response.end();
    const body = [];
    for await (const chunk of request) body.push(chunk);
    const { authorization = "" } = request.headers;
    const { status } = await fetch(new URL(request.url ?? "", behind.url), {
      method: request.method,
      headers: { "content-type": "application/json", authorization },
      body: Buffer.concat(body),
    });
    response.writeHead(status).end();
  });
  await once(gateway.listen(0, "127.0.0.1"), "listening");
  baseUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  behind = first = await startApp({ env: { WEBHOOK_BASE_URL: baseUrl, EVENTS_TABLE } });
});

afterAll(async () => {
  gateway?.close();
  await first?.stop();
});

/** Our webhooks at LiveChat, with their credentials. */
const ours = () => first.sandbox.webhooks.list().filter(({ url }) => url.includes("/api/"));

test("parallel registrations over HTTP and from a terminal leave three webhooks", async () => {
  const { webhooks } = first.sandbox;
  const url = `${baseUrl}/hook?secret=abc`;
  const foreign = webhooks.register({ event_type: "chat_ended", data_types: ["chat"], url });
  const missing = await first.call("GET", "/registration");
  expect(missing.body.registrations).toMatchObject([
    { state: "missing" },
    { state: "missing" },
    { state: "missing" },
  ]);

  first.sandbox.faults.plan(
    { do: "drop", committed: true, method: "POST", path: "/webhooks" },
    { do: "answer", status: 500, method: "POST", path: "/webhooks" },
  );
  await Promise.all([
    ...Array.from({ length: 4 }, () => first.call("POST", "/registration")),
    webhooksCommand("ensure").catch(() => {}),
  ]);
  const { status, body } = await first.call("POST", "/registration");
  expect(status).toBe(200);
  expect(body.registrations).toMatchObject([{ state: "ok" }, { state: "ok" }, { state: "ok" }]);
  expect(ours()).toHaveLength(3);
  expect(webhooks.list()).toContain(foreign);

  const { stdout } = await webhooksCommand("status");
  expect(stdout.match(/ ok /g)).toHaveLength(3);
  expect(stdout).toContain("1 other webhooks");
  expect(stdout + JSON.stringify(body) + first.log.join()).not.toMatch(
    /a.{1,3}webhook's.{1,3}password|secret=abc/,
  );
});

test("GET /registration shows the time of the last delivery", async () => {
  first.sandbox.chats.hold();
  await first.sandbox.deliveries.settled();
  const { body } = await first.call("GET", "/registration");
  const [{ lastDelivery }] = body.registrations;
  expect(Date.parse(lastDelivery)).toBeGreaterThan(Date.now() - 60_000);
  expect(body.registrations[2].lastDelivery).toBeUndefined();
});

test("while the webhook password changes, no delivery is refused", async () => {
  const second = await startApp({
    env: {
      WEBHOOK_BASE_URL: baseUrl,
      LIVECHAT_API_URL: first.sandbox.url,
      EVENTS_TABLE,
      LIVECHAT_WEBHOOK_PASSWORD: "the next password",
      LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: WEBHOOK.password,
    },
  });
  behind = second;
  try {
    expect((await second.call("GET", "/registration")).body.registrations[0]).toMatchObject({
      state: "stale",
      webhooks: [{ state: "previous credentials" }],
    });
    const changed = second.call("POST", "/registration");
    const chats: string[] = [];
    for (let chat = 0; chat < 20; chat++) {
      chats.push(first.sandbox.chats.hold().id);
      await new Promise((next) => setImmediate(next));
    }
    expect((await changed).body).toMatchObject({ created: 3, removed: 3 });
    chats.push(first.sandbox.chats.hold().id);
    await first.sandbox.deliveries.settled();

    expect(ours().map(({ url }) => decodeURIComponent(new URL(url).password))).toEqual(
      Array(3).fill("the next password"),
    );
    for (const { attempts } of first.sandbox.deliveries.list) {
      expect(attempts.map(({ outcome }) => outcome)).toEqual([200]);
    }
    const { body } = await second.call("GET", "/events?limit=1000");
    const logged = body.items.map(
      ({ type, chatId }: { type: string; chatId: string }) => `${type} ${chatId}`,
    );
    expect(new Set(logged).size).toBe(logged.length);
    expect(logged).toEqual(
      expect.arrayContaining(chats.flatMap((id) => [`chat_started ${id}`, `chat_ended ${id}`])),
    );
  } finally {
    behind = first;
    await second.stop();
  }
});

test("DELETE /registration removes the app's webhooks", async () => {
  expect((await first.call("DELETE", "/registration")).body).toEqual({ removed: 3 });
  expect(first.sandbox.webhooks.list()).toHaveLength(1);
});

test("POST /registration is 409 without WEBHOOK_BASE_URL", async () => {
  const homeless = await startApp();
  const { status, body } = await homeless.call("POST", "/registration");
  await homeless.stop();
  expect(status).toBe(409);
  expect(body.detail).toContain("WEBHOOK_BASE_URL");
});

/** Runs `npm run webhooks` with the settings of the first app. */
function webhooksCommand(command: string) {
  return promisify(execFile)(process.execPath, ["scripts/webhooks.ts", command], {
    env: {
      PATH: process.env.PATH,
      LIVECHAT_API_URL: first.sandbox.url,
      LIVECHAT_USERNAME: "owner@example.com",
      LIVECHAT_API_KEY: "sandbox-api-key",
      LIVECHAT_WEBHOOK_USERNAME: WEBHOOK.username,
      LIVECHAT_WEBHOOK_PASSWORD: WEBHOOK.password,
      WEBHOOK_BASE_URL: baseUrl,
    },
  });
}
