import { createHmac } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, onTestFinished, test } from "vitest";
import type { Finding } from "../../shared/health/finding.ts";
import type { Check, CheckChange } from "../../shared/health/monitor.ts";
import { createMonitor } from "../../shared/health/monitor.ts";
import { createOperatorWebhook, operatorSecret } from "../../shared/health/operator-webhook.ts";
import { openSightings } from "../../shared/health/sightings.ts";
import { createPost } from "../../shared/subscriptions/post.ts";
import { startApp, WEBHOOK } from "../app/start-app.ts";
import { newTable } from "../event-log/deliveries.ts";
import "../no-time-limits.ts";
import { startSubscriber } from "../subscriptions/subscriber.ts";

const change: CheckChange = {
  ...{ check: "subscriptions", from: "ok", to: "bad", since: "2026-01-31T08:00:00.000Z" },
  detail: "1 of 2 subscriptions given up, https://example.com/secret?key=1 of ann@example.com.",
  action: "See GET /subscriptions.",
};
const PASSWORD = "a webhook's password";
const noLog = () => {};

test("a change is sent to the operator once, signed, as fields and as a Teams card", async () => {
  const { url, arrivals } = await startSubscriber(202);
  const tell = createOperatorWebhook({ url, password: PASSWORD, post: createPost({ allowLoopback: true }) });
  await tell(change, noLog);
  const [{ headers, body } = { headers: {}, body: "" }] = arrivals;
  const secret = createHmac("sha256", PASSWORD).update("operator webhook").digest("base64");
  const message = new Webhook(secret).verify(body, headers as Record<string, string>) as Record<
    string,
    unknown
  >;
  expect(message).toMatchObject({
    ...{ type: "message", check: "subscriptions", from: "ok", state: "bad", since: change.since },
    detail: "1 of 2 subscriptions given up, https://example.com/… of …@…",
    attachments: [
      {
        contentType: "application/vnd.microsoft.card.adaptive",
        content: {
          type: "AdaptiveCard",
          body: [{ text: "LiveChat Functions: subscriptions is bad" }, {}, {}],
        },
      },
    ],
  });
  expect(arrivals).toHaveLength(1);
});

test("a call to the operator is logged after four failures with one id", async () => {
  const { url, arrivals } = await startSubscriber(500);
  const waits: number[] = [];
  const said = Promise.withResolvers<unknown>();
  const tell = createOperatorWebhook({
    ...{ url, password: PASSWORD, post: createPost({ allowLoopback: true }) },
    wait: async (milliseconds) => waits.push(milliseconds),
  });
  await tell(change, (message, fields) => said.resolve([message, fields]));
  expect(await said.promise).toEqual(["operator not called", { check: "subscriptions" }]);
  expect(waits).toEqual([1_000, 5_000, 20_000]);
  expect(new Set(arrivals.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  expect(arrivals).toHaveLength(4);
});

test("one of two instances sends the operator changes of state and higher counts", async () => {
  const table = newTable();
  let finding: Finding = { state: "ok", detail: "Fine.", count: 0 };
  const check: Check = { name: "quarantine", vital: false, freshFor: 0, look: async () => finding };
  const changes: string[] = [];
  const instance = () =>
    createMonitor([check], {
      sightings: openSightings(() => table),
      onChange: async ({ check, from, to, detail }) => void changes.push(`${check} ${from} ${to} ${detail}`),
    });
  const [one, two] = [instance(), instance()];
  const examine = () => Promise.all([one.examine(), two.examine()]);
  await examine();
  for (const [count, detail] of [
    [1, "One."],
    [1, "One."],
    [3, "Three."],
    [2, "Two."],
    [3, "Three again."],
  ] as const) {
    finding = { state: "attention", detail, count };
    await examine();
  }
  finding = { state: "ok", detail: "Fine.", count: 0 };
  await examine();
  await examine();
  expect(changes).toEqual([
    "quarantine ok attention One.",
    "quarantine attention attention Three.",
    "quarantine attention attention Three again.",
    "quarantine attention ok Fine.",
  ]);
});

test("the running app reports a quarantined delivery to the operator once", async () => {
  const subscriber = await startSubscriber(200);
  const app = await startApp({
    env: { OPERATOR_WEBHOOK_URL: subscriber.url, ALLOW_LOOPBACK_CALLBACKS: "true" },
  });
  onTestFinished(() => app.stop());
  await app.call("GET", "/status");
  const about = () =>
    subscriber.arrivals.map(({ body }) => JSON.parse(body)).filter(({ check }) => check === "quarantine");
  expect(about()).toEqual([]);
  await app.deliver("chat-started", { event_type: "ticket_created", license_id: "1", token: "t" });
  for (let count = 0; count < 3; count += 1) await app.call("GET", "/status");
  expect(about()).toMatchObject([
    { from: "ok", state: "attention", detail: expect.stringMatching(/^1 delivery/) },
  ]);
  const { body, headers } = subscriber.arrivals.at(-1) as (typeof subscriber.arrivals)[0];
  new Webhook(operatorSecret(WEBHOOK.password)).verify(body, headers as Record<string, string>);
});
