import { expect, inject, onTestFinished, test } from "vitest";
import { startCountingProxy } from "../../scripts/bench/counting-proxy.ts";
import { startApp } from "../app/start-app.ts";
import { startSubscriber } from "./subscriber.ts";

const chat = (id: string) => ({
  event_type: "chat_started",
  license_id: "12345678",
  token: "a-token",
  chat: { id, started_timestamp: 1_768_000_000 },
  visitor: { id: "S1", name: "Vera" },
});

test("one event to one subscriber costs at most eight requests to the tables", async () => {
  const proxy = await startCountingProxy(inject("storage"));
  onTestFinished(() => proxy.close());
  const { seen, connectionString } = proxy;
  const app = await startApp({
    env: { ALLOW_LOOPBACK_CALLBACKS: "true", LiveChatStorage: connectionString },
  });
  onTestFinished(() => app.stop());
  const subscriber = await startSubscriber();
  await app.call("POST", "/subscriptions", { url: subscriber.url });
  /** Delivers an event, and waits until the lease is released and the head was read. */
  const deliver = async (id: string, nth: number) => {
    seen.length = 0;
    await app.deliver("chat-started", chat(id));
    await expect.poll(() => subscriber.arrivals.length, { interval: 5, timeout: 10_000 }).toBe(nth);
    const isLetGo = () => {
      const puts = seen.filter((request) => request.startsWith("PUT"));
      return (
        puts.length >= 2 &&
        seen.lastIndexOf(puts.at(-1) ?? "") < seen.findLastIndex((one) => /head/.test(one))
      );
    };
    await expect.poll(isLetGo, { interval: 20, timeout: 10_000 }).toBe(true);
    return [...seen];
  };
  // The first delivery also creates and reads what later ones know.
  await deliver("C1", 1);
  const requests = await deliver("C2", 2);
  expect(requests.length, requests.join("\n")).toBeLessThanOrEqual(8);
});
