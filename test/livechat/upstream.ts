import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, vi } from "vitest";
import type { LiveChat } from "../../shared/livechat/live-chat.ts";
import { createLiveChatV2, type LiveChatV2Options } from "../../shared/livechat/v2/client.ts";

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
  /** Nothing more will come in answer to it, and the connection stays open. */
  hangs: boolean;
};

/** Answers one request; `nth` is 1 for the first. */
export type Script = (response: ServerResponse, arrival: Arrival, nth: number) => void;

/** A real HTTP server that answers by script, for the time of one test. */
export async function startUpstream(script: Script): Promise<{ url: string; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const arrival: Arrival = { method, url, headers, body: "", at: Date.now(), hangs: false };
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
export function connect(
  url: string,
  options: Partial<LiveChatV2Options> = {},
): ReturnType<typeof createLiveChatV2> {
  return createLiveChatV2({ url, username: USERNAME, apiKey: KEY, rateLimit: 1_000, ...options });
}

export function answer(response: ServerResponse, status: number, body?: unknown, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** Sets the clock that the client and ky go by. Sockets keep the real one. */
export function useVirtualTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/**
 * Lets a call happen in virtual time, which moves only while nothing is under way on the network, or while what is under
 * way is stuck.
 */
export async function virtually<T>(
  liveChat: LiveChat,
  call: Promise<T>,
  stuck: () => boolean = () => false,
): Promise<T> {
  let settled = false;
  const watched = call.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  while (!settled) {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((next) => setImmediate(next));
    const idle = liveChat.usage().inFlight === 0 || stuck();
    if (!settled && idle) await vi.advanceTimersToNextTimerAsync();
  }
  return watched;
}

/**
 * Makes one call in virtual time. `times` are when its attempts came, in milliseconds after it began, and `outcome` is
 * what it came to, or the error.
 */
export async function play(
  script: Script,
  call: (liveChat: LiveChat) => Promise<unknown>,
  options: Partial<LiveChatV2Options> = {},
) {
  useVirtualTime();
  const { url, arrivals } = await startUpstream(script);
  let ended = 0;
  const observe = () => {
    ended += 1;
  };
  const liveChat = connect(url, { random: () => 0.5, observe, ...options });
  const began = Date.now();
  const outcome = await virtually(
    liveChat,
    call(liveChat).catch((error: unknown) => error),
    () => arrivals[ended]?.hangs === true,
  );
  return { outcome, arrivals, times: arrivals.map(({ at }) => at - began), took: Date.now() - began };
}

/** Leaves a request without an answer, or with the beginning of one. */
export function hang(status?: number, headers: Record<string, string> = {}): Script {
  return (response, arrival) => {
    if (status === undefined) arrival.hangs = true;
    else {
      response.writeHead(status, { "content-type": "application/json", ...headers }).write('{"id":', () => {
        // By now it is in the socket; the client has still to read it.
        setImmediate(() => setImmediate(() => (arrival.hangs = true)));
      });
    }
  };
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
