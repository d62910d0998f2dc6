import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { startAzurite } from "../../local/azurite.ts";
import { startCountingProxy } from "./counting-proxy.ts";

type DeliveryFigures = {
  /** Median milliseconds from the webhook's arrival to the callback's, with two seconds between events. */
  idle: number;
  /** The same with twenty events a second. */
  loaded: number;
  /** Requests to the tables for one event of an idle log: to store it, and to deliver it to one subscriber. */
  requests: number;
  /** Events a second to a callback that takes 50 ms, one at a time and a hundred at a time. */
  single: number;
  batched: number;
};

const EVENTS = 1_000;
const BASIC = `Basic ${Buffer.from("bench:bench-password").toString("base64")}`;

/** Measures one host over real HTTP with one subscriber. */
export async function benchDeliveries(): Promise<DeliveryFigures> {
  const azurite = await startAzurite({ inMemory: true });
  const proxy = await startCountingProxy(azurite.connectionString);
  const host = spawn(process.execPath, ["local/host/main.ts", "--port", "0"], {
    env: {
      PATH: process.env.PATH,
      LiveChatStorage: proxy.connectionString,
      LIVECHAT_USERNAME: "bench@example.com",
      LIVECHAT_API_KEY: "bench",
      LIVECHAT_WEBHOOK_USERNAME: "bench",
      LIVECHAT_WEBHOOK_PASSWORD: "bench-password",
      TICKETS_RECONCILE_SCHEDULE: "0 0 0 1 1 *",
      ALLOW_LOOPBACK_CALLBACKS: "true",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  /** When each event first arrived, by its chat. */
  const arrived = new Map<string, number>();
  let pause = 0;
  const callback = createServer(async (incoming: IncomingMessage, outgoing) => {
    const body = (await json(incoming)) as Delivered | { payload: Delivered }[];
    const at = performance.now();
    await setTimeout(pause);
    for (const one of Array.isArray(body) ? body.map(({ payload }) => payload) : [body]) {
      if (!arrived.has(one.chat.id)) arrived.set(one.chat.id, at);
    }
    outgoing.end();
  });
  await once(callback.listen(0, "127.0.0.1"), "listening");
  const target = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/`;
  try {
    const [line] = (await once(createInterface({ input: host.stdout }), "line")) as [string];
    const api = `${line.replace("listening on ", "")}/api`;
    const call = (method: string, path: string, body?: object) =>
      fetch(api + path, {
        method,
        headers: { authorization: BASIC, "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
    const subscribe = async (terms: object) => {
      const response = await call("POST", "/subscriptions", { url: target, ...terms });
      return ((await response.json()) as { id: string }).id;
    };

    let chats = 0;
    /** Milliseconds until an event has arrived at the callback. */
    async function deliver(): Promise<number> {
      chats += 1;
      const chat = { id: `BENCH${chats}`, started_timestamp: 1_408_356_905 + chats };
      const begun = performance.now();
      await call("POST", "/receivers/chat-started", { event_type: "chat_started", license_id: "1520", chat });
      while (!arrived.has(chat.id)) await setTimeout(1);
      return (arrived.get(chat.id) ?? begun) - begun;
    }

    const first = await subscribe({});
    for (let count = 0; count < 3; count++) await deliver();
    const idle: number[] = [];
    const requests: number[] = [];
    for (let count = 0; count < 10; count++) {
      await setTimeout(2_000);
      proxy.seen.length = 0;
      idle.push(await deliver());
      await setTimeout(500);
      requests.push(proxy.seen.length);
    }
    const loaded: Promise<number>[] = [];
    for (let count = 0; count < 100; count++) {
      loaded.push(deliver());
      await setTimeout(50);
    }
    const busy = await Promise.all(loaded);
    await call("DELETE", `/subscriptions/${first}`);

    for (let count = 0; count < EVENTS; count += 50) {
      const chat = (index: number) => ({ id: `FILL${count + index}`, started_timestamp: 1_408_356_905 });
      const body = (index: number) => ({ event_type: "chat_started", license_id: "1520", chat: chat(index) });
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => call("POST", "/receivers/chat-started", body(index))),
      );
    }
    pause = 50;
    /** Events a second over some seconds, or until all have arrived. */
    async function rate(terms: object): Promise<number> {
      arrived.clear();
      const id = await subscribe(terms);
      const begun = performance.now();
      await call("POST", `/subscriptions/${id}/replay`, { seq: 1 });
      while (arrived.size < EVENTS && performance.now() - begun < 5_000) await setTimeout(5);
      const figure = arrived.size / ((performance.now() - begun) / 1_000);
      await call("DELETE", `/subscriptions/${id}`);
      return figure;
    }
    return {
      idle: median(idle),
      loaded: median(busy),
      requests: median(requests),
      single: await rate({ batch: 1 }),
      batched: await rate({ batch: 100 }),
    };
  } finally {
    host.kill("SIGTERM");
    await once(host, "exit");
    callback.closeAllConnections();
    callback.close();
    proxy.close();
    await azurite.stop();
  }
}

type Delivered = { chat: { id: string } };

function median(figures: number[]): number {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)] ?? 0;
}
