import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, vi } from "vitest";
import { createLiveChat, type LiveChat, type LiveChatOptions } from "../../shared/livechat/client.ts";

export const KEY = "fra:very+secret/key=";
export const USERNAME = "owner@example.com";

/** A request as it arrived. */
export type Arrival = {
  method: string;
  /** Path and query, as on the wire. */
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
  /** Epoch milliseconds. */
  at: number;
};

/** Answers one request; `nth` is 1 for the first. */
export type Script = (response: ServerResponse, arrival: Arrival, nth: number) => void;

/** A real HTTP server that answers by script, for the time of one test. */
export async function startUpstream(script: Script): Promise<{ url: string; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const arrival: Arrival = { method, url, headers, body: "", at: Date.now() };
    const nth = arrivals.push(arrival);
    for await (const chunk of request.setEncoding("utf8")) arrival.body += chunk;
    script(response, arrival, nth);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrivals };
}

/** The client under test, with room for everything unless said otherwise. */
export function connect(url: string, options: Partial<LiveChatOptions> = {}): LiveChat {
  return createLiveChat({ url, username: USERNAME, apiKey: KEY, rateLimit: 1_000, ...options });
}

export function answer(response: ServerResponse, status: number, body?: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Sets the clock that the client, p-queue and ky go by. Sockets keep the real one. */
export function useVirtualTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Lets a call happen in virtual time, which moves only while nothing is under way on the network. */
export async function virtually<T>(liveChat: LiveChat, call: Promise<T>): Promise<T> {
  let settled = false;
  const watched = call.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  while (!settled) {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((next) => setImmediate(next));
    if (!settled && liveChat.usage().inFlight === 0) await vi.advanceTimersToNextTimerAsync();
  }
  return watched;
}

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("The call was expected to fail with an Error.");
}
