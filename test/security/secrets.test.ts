import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { decompress, fromProperties } from "../../shared/storage/body.ts";
import { type App, startApp } from "../app/start-app.ts";
import { startCollector } from "../telemetry/collector.ts";

/** Secrets: must not be in a log line, in another caller's answer, or in storage. */
const SECRETS = {
  apiKey: "planted-api-key-5f1c",
  webhookPassword: "planted-webhook-password-77",
  previousPassword: "planted-previous-password-78",
  functionKey: "planted-function-key-90",
  token: "planted-envelope-token-31",
  agentPassword: "planted-agent-password-12",
  callbackSignature: "planted-callback-signature-44",
  wrongPassword: "planted-wrong-password-65",
  idempotencyKey: "planted-idempotency-key-09",
};
/** Personal data: must not be in a log line. */
const PERSONAL = {
  visitor: "Vera.Planted@example.com",
  visitorName: "Vera Plantedname",
  text: "my card number is planted-4111",
  page: "https://shop.example.com/orders/planted-order-17",
  address: "203.0.113.77",
  agent: "ana.planted@example.com",
  agentName: "Ana Plantedagent",
  ticketText: "planted ticket text about the lamp",
  ticketSubject: "planted subject",
};
const SHOWN_TO_NOBODY = [
  ...Object.values(SECRETS),
  "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
];

const unique = crypto.randomUUID().replaceAll("-", "");
const TABLES = { EVENTS_TABLE: `E${unique}`, TICKETS_TABLE: `T${unique}`, SUBSCRIPTIONS_TABLE: `S${unique}` };
const credentials = { username: "livechat", password: SECRETS.webhookPassword };
const basic = (password: string) => `Basic ${Buffer.from(`livechat:${password}`).toString("base64")}`;

let app: App;
let telemetry = "";
const answers: { status: number; text: string }[] = [];

beforeAll(async () => {
  const callback = createServer((_, response) => response.writeHead(500).end(PERSONAL.text));
  await once(callback.listen(0, "127.0.0.1"), "listening");
  const collector = await startCollector();
  app = await startApp({
    flags: ["--enable-auth"],
    sandbox: { credentials: { username: "owner@example.com", apiKey: SECRETS.apiKey } },
    env: {
      ...TABLES,
      LIVECHAT_API_KEY: SECRETS.apiKey,
      LIVECHAT_WEBHOOK_USERNAME: credentials.username,
      LIVECHAT_WEBHOOK_PASSWORD: SECRETS.webhookPassword,
      LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: SECRETS.previousPassword,
      LOCAL_FUNCTION_KEY: SECRETS.functionKey,
      WEBHOOK_BASE_URL: "https://app.example",
      ALLOW_LOOPBACK_CALLBACKS: "true",
      LIVECHAT_RATE_LIMIT: "1000",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_INTERVAL: "500",
    },
  });
  await useEverything(`http://127.0.0.1:${(callback.address() as AddressInfo).port}`);
  callback.close();
  // At its end an instance sends telemetry for 3 s only, in which the machine may pause.
  const hasMetrics = () => collector.received.some(({ body }) => body.includes("livechat.events"));
  await vi.waitUntil(hasMetrics, { timeout: 60_000 });
  await app.stop();
  telemetry = collector.received.map(({ body }) => body).join("\n");
  collector.close();
});
afterAll(() => app?.stop());

async function useEverything(callback: string): Promise<void> {
  const key = { "x-functions-key": SECRETS.functionKey };
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = key,
  ) => {
    const { status, body: answer } = await app.call(method, path, body, headers);
    answers.push({ status, text: JSON.stringify(answer) });
    return answer;
  };
  const chat = {
    event_type: "chat_ended",
    token: SECRETS.token,
    license_id: "12345678",
    chat: {
      id: "C1",
      url: PERSONAL.page,
      started_timestamp: 1408356305,
      ended_timestamp: 1408356905,
      messages: [
        {
          user_type: "visitor",
          author_name: PERSONAL.visitorName,
          text: PERSONAL.text,
          timestamp: 1408356310,
        },
      ],
    },
    visitor: { id: "S1", name: PERSONAL.visitorName, email: PERSONAL.visitor, ip: PERSONAL.address },
  };
  await call("POST", "/chat_ends_webhook/webhooks", {
    url: `${callback}/${SECRETS.callbackSignature}?sig=${SECRETS.callbackSignature}`,
  });
  for (const authorization of [
    basic(SECRETS.webhookPassword),
    basic(SECRETS.previousPassword),
    basic(SECRETS.wrongPassword),
  ]) {
    await app.deliver("chat-ended", chat, authorization);
  }
  await app.deliver("chat-started", chat, basic(SECRETS.webhookPassword));
  await app.deliver("chat-ended", { ...chat, chat: { text: PERSONAL.text } }, basic(SECRETS.webhookPassword));
  await app.deliver(
    "chat-ended",
    `{"token":"${SECRETS.token}","visitor":"${PERSONAL.visitor}`,
    basic(SECRETS.webhookPassword),
  );
  await app.deliver(
    "chat-ended",
    { ...chat, visitor: 7, chat: { ...chat.chat, id: "C2", ended_timestamp: PERSONAL.visitor } },
    basic(SECRETS.webhookPassword),
  );

  const ticket = {
    message: PERSONAL.ticketText,
    subject: PERSONAL.ticketSubject,
    requester: { mail: PERSONAL.visitor, name: PERSONAL.visitorName },
  };
  const idempotency = { ...key, "idempotency-key": `"${SECRETS.idempotencyKey}"` };
  await call("POST", "/tickets", ticket, idempotency);
  await call("POST", "/tickets", ticket, idempotency);
  const agent = { login: PERSONAL.agent, name: PERSONAL.agentName, password: SECRETS.agentPassword };
  await call("POST", "/agents", agent, idempotency);
  await call("POST", "/agents", { ...agent, permission: SECRETS.agentPassword });
  await call("POST", "/agents", { ...agent, password: 5 });
  await call("POST", "/agents", JSON.stringify(agent).slice(0, -3));
  await call("GET", `/agents?code=${SECRETS.functionKey}`, undefined, {});
  await call("GET", `/agents?code=${SECRETS.wrongPassword}`, undefined, {});
  await call("GET", `/tickets?requester[mail]=${PERSONAL.visitor}&query=${PERSONAL.text}`);
  await call("GET", `/tickets/${PERSONAL.visitor}`);
  await call("DELETE", `/agents/${PERSONAL.agent}x`);

  // LiveChat fails, and its answer repeats secrets and personal data.
  const says = `${SECRETS.apiKey} ${PERSONAL.visitor} ${PERSONAL.visitorName} ${PERSONAL.ticketText} ${PERSONAL.page}`;
  const failure = { do: "answer", status: 500, body: { error: says }, headers: { "X-Debug": says } } as const;
  const failing = (path: string) => app.sandbox.faults.plan({ ...failure, path, times: 3 });
  failing("/tickets");
  await call("GET", `/tickets/T1`);
  failing("/tickets");
  await call("POST", "/reconcile/tickets");
  await call("POST", "/reconcile/tickets");
  failing("/webhooks");
  await call("POST", "/registration");
  app.sandbox.faults.clear();
  await call("POST", "/registration");
  await call("GET", "/registration");
  app.sandbox.faults.plan({ ...failure, status: 401, path: "/agents", times: 1 });
  await call("GET", "/agents");

  for (const path of ["/status", "/health", "/subscriptions", "/events", "/stored/tickets", "/quarantine"])
    await call("GET", path);
  await call("DELETE", `/visitors/${PERSONAL.visitor}`);
}

test("the scenario has successes, refusals, failures and log lines", () => {
  const statuses = answers.map(({ status }) => status);
  for (const status of [200, 201, 400, 401, 404, 502]) expect(statuses).toContain(status);
  expect(app.log.length).toBeGreaterThan(5);
});

test("no log line or telemetry has a secret or personal data", () => {
  const log = app.log.join("\n");
  expect(log).toContain("LiveChat failed (500).");
  expect(telemetry).toContain("livechat.events");
  for (const [name, secret] of Object.entries({ ...SECRETS, ...PERSONAL })) {
    for (const spelling of spellings(secret)) expect((log + telemetry).includes(spelling), name).toBe(false);
  }
  // Nor may there be any email address, or a URL with more than a host.
  expect(log + telemetry).not.toMatch(/[\w.+-]+@[\w-]+\.\w+/);
  expect(log).not.toMatch(/https?:\/\/[^\s"/]+\/[^\s"…]/);
});

test("no answer has a secret of the app or of another caller", () => {
  // The answer to a new subscription has its own signing secret, which is not in this list.
  for (const { text } of answers) for (const secret of SHOWN_TO_NOBODY) expect(text).not.toContain(secret);
});

test("no table stores a secret, or personal data outside of content", async () => {
  for (const name of Object.values(TABLES)) {
    const table = TableClient.fromConnectionString(inject("storage"), name, {
      allowInsecureConnection: true,
    });
    let rows = 0;
    for await (const row of table.listEntities()) {
      rows++;
      const body = fromProperties(row);
      const packed = body.length > 0 ? await decompress(body) : "";
      const columns = JSON.stringify(
        Object.entries(row).filter(([, value]) => !(value instanceof Uint8Array)),
      );
      for (const [kind, secret] of Object.entries(SECRETS)) {
        // The app must store the URL of a callback.
        if (kind === "callbackSignature" && name === TABLES.SUBSCRIPTIONS_TABLE) continue;
        for (const spelling of spellings(secret))
          expect((columns + packed).includes(spelling), `${kind} in ${row.rowKey}`).toBe(false);
      }
      // The table of tickets has a column for the requester, by which a list is filtered.
      if (name === TABLES.TICKETS_TABLE) continue;
      for (const [kind, value] of Object.entries(PERSONAL)) {
        for (const spelling of spellings(value))
          expect(columns.includes(spelling), `${kind} in ${row.rowKey}`).toBe(false);
      }
    }
    expect(rows, name).toBeGreaterThan(0);
  }
});

/** The spellings of a text in a line: unchanged, in lower case, in a URL and in Base64. */
function spellings(text: string): string[] {
  const credentials = [`livechat:${text}`, `owner@example.com:${text}`].map((pair) =>
    Buffer.from(pair).toString("base64"),
  );
  return [
    text,
    text.toLowerCase(),
    encodeURIComponent(text),
    Buffer.from(text).toString("base64"),
    ...credentials,
  ];
}
