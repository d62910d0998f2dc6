import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, vi } from "vitest";
import type { LiveChat } from "../../shared/livechat/live-chat.ts";
import { createLiveChatV2, type LiveChatV2Options } from "../../shared/livechat/v2/client.ts";

export const KEY = "fra:very+secret/key=";
export const USERNAME = "owner@example.com";

/** No program gets this port from the system, so nothing listens there. */
export const UNREACHABLE = "http://127.0.0.1:2";

/** A request as it arrived. */
type Arrival = {
  method: string;
  /** Path and query, as on the wire. */
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
  /** Epoch milliseconds. */
  at: number;
  /** Where the answer stops, while the connection stays open. */
  hangs?: "before its head" | "after its head";
};

/** Answers one request; `nth` is 1 for the first. */
export type Script = (response: ServerResponse, arrival: Arrival, nth: number) => void;

/** Starts a real HTTP server that answers by a script until the test ends. */
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

/** Creates the client under test, by default with a rate limit that no test reaches. */
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

/** Fakes the clock of the client and of ky. Sockets keep the real one. */
export function useVirtualTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Runs a call in virtual time. The time passes only while no attempt is in flight, or while one is stuck. */
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
 * Makes one call in virtual time. `times` are the arrivals of its attempts in milliseconds after its beginning, and
 * `outcome` is its result or its error.
 */
export async function play(
  script: Script,
  call: (liveChat: LiveChat) => Promise<unknown>,
  options: Partial<LiveChatV2Options> = {},
) {
  useVirtualTime();
  const { url, arrivals } = await startUpstream(script);
  let ended = 0;
  let hasHead = false;
  const observe = () => {
    ended += 1;
    hasHead = false;
  };
  const readHead: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    hasHead = true;
    return response;
  };
  const liveChat = connect(url, { random: () => 0.5, observe, fetch: readHead, ...options });
  const began = Date.now();
  const outcome = await virtually(
    liveChat,
    call(liveChat).catch((error: unknown) => error),
    () => {
      const hangs = arrivals[ended]?.hangs;
      return hangs === "before its head" || (hangs === "after its head" && hasHead);
    },
  );
  return { outcome, arrivals, times: arrivals.map(({ at }) => at - began), took: Date.now() - began };
}

/** Gives a request no answer, or only the beginning of one. */
export function hang(status?: number, headers: Record<string, string> = {}): Script {
  return (response, arrival) => {
    arrival.hangs = status === undefined ? "before its head" : "after its head";
    if (status === undefined) return;
    response.writeHead(status, { "content-type": "application/json", ...headers }).write('{"id":');
  };
}

/** The error of a call that fails. */
export async function failureOf(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("The call was expected to fail with an Error.");
}
