import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { startApp } from "./start-app.ts";

const KEY = Buffer.from("any key").toString("base64");
const storageAt = (port: number) =>
  `DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=${KEY};TableEndpoint=http://127.0.0.1:${port}/acme;QueueEndpoint=http://127.0.0.1:${port}/acme`;

const event = { event_type: "chat_ended", chat: { id: "C1", ended_timestamp: 1408356905 } };

test.concurrent.each([
  ["is not there", false],
  ["hangs", true],
])(
  "with storage that %s, a delivery is answered 503 within 8.5 seconds and GET /health answers 503",
  async (_, hangs) => {
    const server = createServer(() => {});
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    if (!hangs) server.close();

    const app = await startApp({ env: { LiveChatStorage: storageAt(port) } });
    const start = performance.now();
    const [delivered, health] = await Promise.all([
      app.deliver("chat-ended", event),
      app.call("GET", "/health"),
    ]);
    expect(delivered).toMatchObject({
      status: 503,
      body: { status: 503, title: "Storage is not available" },
    });
    expect(performance.now() - start).toBeLessThan(8_500);
    expect(health.status).toBe(503);
    // On SIGTERM the host waits ten seconds for its call to the queue, which hangs.
    app.process.kill("SIGKILL");
    await once(app.process, "exit");
    await app.stop();
    server.close();
  },
);
