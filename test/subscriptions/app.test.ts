import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp } from "../app/start-app.ts";
import { startSubscriber } from "./subscriber.ts";

let app: App;
beforeAll(async () => {
  app = await startApp({ env: { ALLOW_LOOPBACK_CALLBACKS: "true" } });
});
afterAll(() => app?.stop());

const CHAT_STARTS = "/chat_starts_webhook/webhooks?event_type=chat_started";

let chats = 0;
const chatStarted = () => {
  chats += 1;
  return {
    event_type: "chat_started",
    license_id: "12345678",
    chat: { id: `C${chats}`, started_timestamp: 1_768_000_000 + chats },
    visitor: { id: "S1", name: "Vera" },
  };
};

test("a flow subscribes, is told of what happens, and unsubscribes without its key", async () => {
  const subscriber = await startSubscriber(202);
  const url = `${subscriber.url}?sig=secret%2Fpart`;
  const created = await app.call("POST", CHAT_STARTS, { url });
  expect(created).toMatchObject({
    status: 201,
    body: {
      id: expect.stringMatching(/^[\w-]{32}$/),
      type: "chat_started",
      secret: expect.stringMatching(/^whsec_/),
    },
  });
  const location = created.headers.get("location") ?? "";
  expect(location).toBe(`${app.url}/subscriptions/${created.body.id}`);
  const again = await app.call("POST", CHAT_STARTS, { url });
  expect(again).toMatchObject({ status: 201, body: created.body });
  expect(again.headers.get("location")).toBe(location);

  const latencies: number[] = [];
  for (let count = 1; count <= 15; count += 1) {
    const began = performance.now();
    const delivery = await app.deliver("chat-started", chatStarted());
    await expect.poll(() => subscriber.arrivals.length, { interval: 2, timeout: 10_000 }).toBe(count);
    latencies.push(performance.now() - began);
    expect(subscriber.arrivals[count - 1]?.headers["webhook-id"]).toBe(delivery.body.id);
  }
  console.log(latencies.toSorted((a, b) => a - b).map(Math.round));

  const [arrival] = subscriber.arrivals;
  expect(arrival).toMatchObject({
    target: "/hook?sig=secret%2Fpart",
    headers: { "content-type": "application/json" },
  });
  const payload = new Webhook(created.body.secret).verify(
    arrival?.body ?? "",
    arrival?.headers as Record<string, string>,
  );
  expect(payload).toMatchObject({
    event_type: "chat_started",
    chat: { id: "C1", started_timestamp: expect.stringMatching(/^2026-.*Z$/) },
  });
});
