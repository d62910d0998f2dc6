import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { getStatus } from "../../functions/health/get-status.ts";
import { health } from "../../functions/health/health.ts";
import { createServices } from "../../functions/services.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import type { Invocation } from "../../shared/http/operation.ts";
import { urlWith, wantedWebhooks } from "../../shared/registration/wanted.ts";
import { UNREACHABLE } from "../livechat/upstream.ts";

/**
 * Each test breaks the setup and reads `GET /status`, as an operator does. The finding names the cause, its action fits
 * the cause, and the effects of the cause are not shown as further faults.
 */
let sandbox: Sandbox;
const BASE = "https://app.example";
const CREDENTIALS = { username: "livechat", password: "a webhook's password" };

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox?.close());

type Found = { name: string; state: string; detail: string; action: string; since: string };

async function look(changes: Record<string, string | undefined>) {
  const unique = crypto.randomUUID().replaceAll("-", "");
  const services = createServices({
    LiveChatStorage: inject("storage"),
    LIVECHAT_API_URL: sandbox.url,
    LIVECHAT_USERNAME: "owner@example.com",
    LIVECHAT_API_KEY: "sandbox-api-key",
    LIVECHAT_WEBHOOK_USERNAME: CREDENTIALS.username,
    LIVECHAT_WEBHOOK_PASSWORD: CREDENTIALS.password,
    EVENTS_TABLE: `Events${unique}`,
    TICKETS_TABLE: `Tickets${unique}`,
    SUBSCRIPTIONS_TABLE: `Subscriptions${unique}`,
    ...changes,
  });
  const nothing = { path: undefined, query: undefined, body: undefined, raw: undefined };
  const call: Invocation = { url: new URL("http://127.0.0.1/"), headers: new Headers(), log: () => {} };
  const { text = "" } = await getStatus.run(nothing, services, call);
  const { status = 200, body } = await health.run(nothing, services, call);
  const { checks, ...rest } = JSON.parse(text) as { status: string; checks: Found[] };
  const wrong = checks.filter(({ state }) => state !== "ok");
  return {
    ...rest,
    services,
    health: { status, body },
    wrong,
    names: (state: string) => wrong.filter((one) => one.state === state).map(({ name }) => name),
  };
}

test("a setup without WEBHOOK_BASE_URL needs attention but is healthy", async () => {
  const { status, health, wrong } = await look({});
  expect(wrong).toMatchObject([
    { name: "registrations", state: "attention", detail: expect.stringContaining("WEBHOOK_BASE_URL") },
  ]);
  expect(status).toBe("attention");
  expect(health).toEqual({ status: 200, body: { status: "ok" } });
});

test("invalid settings make only the check settings bad, without showing values", async () => {
  const { status, health, names, wrong } = await look({
    LIVECHAT_USERNAME: "",
    LIVECHAT_RATE_LIMIT: "lots",
    LIVECHAT_API_KEY: "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hunter2)",
  });
  expect([status, health]).toEqual(["bad", { status: 503, body: { status: "bad" } }]);
  expect(names("bad")).toEqual(["settings"]);
  expect(names("attention")).toEqual([]);
  expect(wrong[0]?.detail).toMatch(
    /LIVECHAT_USERNAME is missing\..*LIVECHAT_RATE_LIMIT must be a whole number/,
  );
  expect(wrong[0]?.detail).toContain("LIVECHAT_API_KEY is a Key Vault reference that was not resolved");
  expect(JSON.stringify(wrong)).not.toMatch(/hunter2|lots/);
});

test("a refused LiveChat key makes livechat bad and registrations unknown", async () => {
  const { health, names, wrong } = await look({ LIVECHAT_API_KEY: "expired" });
  expect(health.status).toBe(503);
  expect(names("bad")).toEqual(["livechat"]);
  expect(wrong[0]).toMatchObject({
    detail: expect.stringContaining("refuses"),
    action: expect.stringContaining("LIVECHAT_API_KEY"),
  });
  expect(names("unknown")).toEqual(["registrations"]);
});

test("an unreachable LiveChat makes the check livechat bad with the error code", async () => {
  const { names, wrong } = await look({ LIVECHAT_API_URL: UNREACHABLE });
  expect(names("bad")).toEqual(["livechat"]);
  expect(wrong[0]).toMatchObject({
    detail: expect.stringContaining("ECONNREFUSED"),
    action: expect.stringContaining("LIVECHAT_API_URL"),
  });
});

test("a used-up rate limit of LiveChat needs attention and leaves the app healthy", async () => {
  sandbox.faults.plan({
    do: "answer",
    status: 429,
    headers: { "Retry-After": "60" },
    path: "/tickets",
    times: 1,
  });
  const { names, wrong, health } = await look({});
  expect(names("attention")).toEqual(["livechat", "budget", "registrations"]);
  expect(wrong[0]?.action).toContain("LIVECHAT_RATE_LIMIT");
  expect(health.status).toBe(200);
});

/** Tests that wait for LiveChat's time limit, at the same time and each with a LiveChat of its own. */
describe.concurrent("slow answers of LiveChat", () => {
  test("repeated short 429s of LiveChat need attention and leave the app healthy", async ({ expect }) => {
    const sandbox = await startSandbox();
    const headers = { "Retry-After": "2" };
    sandbox.faults.plan({ do: "answer", status: 429, headers, path: "/tickets", times: 9 });
    const { names, wrong, health } = await look({ LIVECHAT_API_URL: sandbox.url });
    await sandbox.close();
    expect(names("bad")).toEqual([]);
    expect(wrong.find(({ name }) => name === "livechat")).toMatchObject({
      state: "attention",
      action: expect.stringContaining("LIVECHAT_RATE_LIMIT"),
    });
    expect(health.status).toBe(200);
  });

  test("a LiveChat that does not answer makes the check livechat bad", async ({ expect }) => {
    const sandbox = await startSandbox();
    sandbox.faults.plan({ do: "stall", path: "/tickets", times: 9 });
    const { names, wrong } = await look({ LIVECHAT_API_URL: sandbox.url });
    await sandbox.close();
    expect(names("bad")).toEqual(["livechat"]);
    expect(wrong[0]).toMatchObject({
      detail: "LiveChat did not answer in time.",
      action: expect.stringContaining("outage"),
    });
  });
});

test("an unreachable queue needs attention and leaves the app healthy", async () => {
  const gone = `QueueEndpoint=${UNREACHABLE}/`;
  const { names, wrong, health } = await look({
    LiveChatStorage: inject("storage").replace(/QueueEndpoint=http:\/\/[^/]+\//, gone),
  });
  expect(names("attention")).toContain("queue");
  expect(wrong.find(({ name }) => name === "queue")).toMatchObject({
    detail: expect.stringContaining("ECONNREFUSED"),
    action: expect.stringContaining("Storage Queue Data Contributor"),
  });
  expect(health.status).toBe(200);
});

const storageAt = (url?: string) =>
  `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=YQ==;TableEndpoint=${url}/devstoreaccount1;`;

test("unreachable storage makes the check storage bad, with advice on the firewall", async () => {
  const absent = await look({ LiveChatStorage: storageAt(UNREACHABLE) });
  expect(absent.names("bad")).toEqual(["storage"]);
  expect(absent.names("unknown")).toEqual(
    expect.arrayContaining(["deliveries.chat_started", "reconcile", "subscriptions", "quarantine"]),
  );
  expect(absent.wrong[0]).toMatchObject({
    detail: expect.stringContaining("ECONNREFUSED"),
    action: expect.stringContaining("firewall"),
  });
  expect(absent.health.status).toBe(503);
});

test("refused storage makes the check storage bad, with advice on roles", async () => {
  const [, url] = /TableEndpoint=(http:\/\/[^/]+)/.exec(inject("storage")) ?? [];
  const refused = await look({ LiveChatStorage: storageAt(url) });
  expect(refused.names("bad")).toEqual(["storage"]);
  expect(refused.wrong[0]?.action).toContain("Storage Table Data Contributor");
});

test("a WEBHOOK_BASE_URL of another server, or of none, needs attention", async () => {
  const elsewhere = createServer((_, response) => response.end("hello"));
  await once(elsewhere.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const { wrong } = await look({ WEBHOOK_BASE_URL: url });
  elsewhere.close();
  expect(wrong).toContainEqual(
    expect.objectContaining({
      name: "address",
      state: "attention",
      detail: expect.stringContaining("(200)"),
      action: expect.stringContaining("WEBHOOK_BASE_URL"),
    }),
  );
  const gone = await look({ WEBHOOK_BASE_URL: UNREACHABLE });
  expect(gone.wrong.find(({ name }) => name === "address")?.detail).toContain("ECONNREFUSED");
});

test("the check registrations finds an unknown webhook password", async () => {
  for (const { event_type, data_types, receiver } of wantedWebhooks({ baseUrl: BASE })) {
    const url = urlWith({ ...CREDENTIALS, password: "hunter2" }, receiver);
    sandbox.webhooks.register({ event_type, data_types, url });
  }
  const stale = await look({ WEBHOOK_BASE_URL: BASE });
  const registrations = stale.wrong.find(({ name }) => name === "registrations");
  expect(registrations?.detail).toContain("credentials that are not accepted");
  expect(registrations?.action).toContain("POST /registration");
  expect(JSON.stringify(stale.wrong)).not.toContain("hunter2");
});

test("the check registrations finds the licence of another account", async () => {
  const other = await look({ WEBHOOK_BASE_URL: BASE, LIVECHAT_LICENSE_ID: "999" });
  expect(other.names("bad")).toEqual(["registrations"]);
  expect(other.wrong.find(({ name }) => name === "registrations")?.action).toContain(
    "Set LIVECHAT_LICENSE_ID to 12345678",
  );
});

test("a hundred calls of health and status within a minute call LiveChat once", async () => {
  sandbox.calls.clear();
  const { services } = await look({});
  await Promise.all(Array.from({ length: 100 }, () => services.monitor.examine("vital")));
  await services.monitor.examine();
  expect(sandbox.calls.count).toBe(1);
});

test("an operator's change makes the next GET /status call LiveChat again", async () => {
  const { services } = await look({});
  sandbox.calls.clear();
  await services.monitor.lookAgain();
  await services.monitor.examine();
  expect(sandbox.calls.count).toBe(1);
});
