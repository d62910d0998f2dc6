import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { startApp } from "./start-app.ts";

const KEY = Buffer.from("any key").toString("base64");
const storageAt = (port: number) =>
  `DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=${KEY};TableEndpoint=http://127.0.0.1:${port}/acme;QueueEndpoint=http://127.0.0.1:${port}/acme`;

const event = { event_type: "chat_ended", chat: { id: "C1", ended_timestamp: 1408356905 } };

test.concurrent("without storage, a delivery and GET /health are answered 503", async () => {
  // No server listens on the discard port.
  await expectRefusals(9);
});

test.concurrent("with storage that hangs, a delivery and GET /health are answered 503", async () => {
  const server = createServer(() => {});
  await once(server.listen(0, "127.0.0.1"), "listening");
  await expectRefusals((server.address() as AddressInfo).port);
  server.close();
});

/** `test/security/bounds.test.ts` has the time limit. */
async function expectRefusals(port: number): Promise<void> {
  const app = await startApp({ env: { LiveChatStorage: storageAt(port) } });
  const [delivered, health] = await Promise.all([
    app.deliver("chat-ended", event),
    app.call("GET", "/health"),
  ]);
  expect(delivered).toMatchObject({ status: 503, body: { status: 503, title: "Storage is not available" } });
  expect(health.status).toBe(503);
  // On SIGTERM the host waits ten seconds for its call to the queue, which hangs.
  app.process.kill("SIGKILL");
  await app.stop();
}
