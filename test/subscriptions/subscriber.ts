import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { cert, key } from "./certificate.ts";

/** A request that the callback received. */
export type Arrival = { target: string; headers: IncomingHttpHeaders; body: string };

/** Answers a request; `nth` is 1 for the first one. A number is a status without a body. */
export type Script = number | ((response: ServerResponse, arrival: Arrival, nth: number) => void);

type Subscriber = { port: number; url: string; arrivals: Arrival[]; connections: number };

/** Starts a real callback that answers by script until the test ends. */
export async function startSubscriber(script: Script = 200, { secure = false } = {}): Promise<Subscriber> {
  const arrivals: Arrival[] = [];
  const listener: RequestListener = async (request, response) => {
    const { url = "", headers } = request;
    const arrival = { target: url, headers, body: await text(request).catch(() => "") };
    // A test that sees an arrival can rely on its whole body, and on the script having run.
    const nth = arrivals.push(arrival);
    if (typeof script === "number") response.writeHead(script).end();
    else script(response, arrival, nth);
  };
  const server = secure ? createSecureServer({ cert, key }, listener) : createServer(listener);
  const subscriber = { port: 0, url: "", arrivals, connections: 0 };
  server.on("connection", () => {
    subscriber.connections += 1;
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  subscriber.port = (server.address() as AddressInfo).port;
  subscriber.url = `http://127.0.0.1:${subscriber.port}/hook`;
  return subscriber;
}
