import { randomUUID } from "node:crypto";
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as sendRequest,
} from "node:http";
import type { FunctionApp, RegisteredFunction } from "./function-app.ts";
import { type Answer, type Call, TOO_LARGE } from "./http-server.ts";
import { invoke } from "./invoke.ts";
import { readBody } from "./read-body.ts";

/** The library tells by this header which invocation a request belongs to. */
const INVOCATION_ID = "x-ms-invocation-id";

/** These belong to one connection and are not passed on (RFC 9110, 7.6.1). `date` is the front's own. */
const OF_ONE_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "date", INVOCATION_ID]);

/**
 * The largest body that is sent and answered in one piece, in bytes. It is less than Node's server buffers of an unread
 * request (16 KiB in Node 20), so the next request on the connection never waits for it.
 */
const SMALL = 16_000;

/**
 * Connections that are used again. The library's server closes one after 5 idle seconds. This end closes it before:
 * both ends are timers of one process, so no request meets a connection that the server is closing.
 */
const connections = new Agent({ keepAlive: true, timeout: 2_000, scheduling: "lifo" });

export type Streaming = {
  call: Call;
  /** The route's parameters by name. */
  params: Record<string, string>;
  /** The library's HTTP server. */
  httpUri: URL;
  /** The largest body, in bytes. */
  limit: number;
};

/**
 * Runs an HTTP function whose request and answer are streamed, as the real host does for an app with
 * `app.setup({ enableHttpStream: true })`: the request goes to the library's own HTTP server, the invocation has only its
 * headers and the route's parameters, and the answer comes from that server.
 *
 * @throws the function's error, which has been logged
 */
export async function forward(
  app: FunctionApp,
  fn: RegisteredFunction,
  { call, params, httpUri, limit }: Streaming,
): Promise<Answer> {
  const { request, target } = call;
  const headers = joined(request);
  const isSmall =
    headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) <= SMALL;
  const body = isSmall ? await readBody(request) : undefined;
  const invocationId = randomUUID();
  const upstream = sendRequest({
    // The library listens on every address, and says "localhost", which would have to be resolved each time.
    host: "127.0.0.1",
    port: httpUri.port,
    method: request.method,
    path: target,
    // A large body may be left unread, and then its connection is of no more use.
    agent: isSmall ? connections : false,
    headers: {
      ...ofTheMessage(headers),
      // Node frames the body again by this one; with a length it sends it as it is.
      ...(headers["transfer-encoding"] !== undefined && { "transfer-encoding": "chunked" }),
      // Else the library's server would close the connection behind an early answer, unread.
      connection: "keep-alive",
      "x-forwarded-host": headers.host ?? "localhost",
      "x-forwarded-proto": "http",
      [INVOCATION_ID]: invocationId,
    },
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    upstream.on("response", (response) => {
      // What is left of a large request is of no use then, and the library's server does not read it.
      if (!isSmall) response.on("end", () => upstream.destroy());
      toAnswer(response, request.method === "HEAD").then(resolve, reject);
    });
    upstream.on("error", reject);
    if (isSmall) upstream.end(body);
    else sendBody(request, upstream, { limit, tooMuch: () => resolve(TOO_LARGE) });
  });
  const invoked = invoke(app, fn, {
    invocationId,
    data: { http: {} },
    metadata: {
      Headers: { json: JSON.stringify(headers) },
      ...Object.fromEntries(Object.entries(params).map(([name, value]) => [name, { string: value }])),
    },
    traceparent: headers.traceparent,
    tracestate: headers.tracestate,
  });
  try {
    return await Promise.race([answered, invoked.then(() => answered)]);
  } catch (error) {
    upstream.destroy();
    throw error;
  } finally {
    // The one that lost the race.
    answered.catch(() => {});
    invoked.catch(() => {});
  }
}

/**
 * Sends a body on as it comes, and at most `limit` bytes of it. An answer may come before the end of it, such as a 401:
 * the rest is then read and dropped, since a caller that still sends would not see the answer otherwise.
 */
function sendBody(
  request: IncomingMessage,
  upstream: ClientRequest,
  { limit, tooMuch }: { limit: number; tooMuch: () => void },
): void {
  let size = 0;
  let open = true;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) {
      request.pause();
      tooMuch();
      upstream.destroy();
    } else if (open && !upstream.write(chunk)) {
      request.pause();
    }
  });
  upstream.on("drain", () => request.resume());
  upstream.on("close", () => {
    open = false;
    if (size <= limit) request.resume();
  });
  request.on("end", () => upstream.end());
  request.on("close", () => request.complete || upstream.destroy());
}

/** @param isHead whether it announces the length of a body that is not sent */
async function toAnswer(response: IncomingMessage, isHead: boolean): Promise<Answer> {
  const { statusCode: status = 500, headers } = response;
  const isSmall = !isHead && Number(headers["content-length"] ?? Number.POSITIVE_INFINITY) <= SMALL;
  return { status, headers: ofTheMessage(headers), body: isSmall ? await readBody(response) : response };
}

/** The headers by lower-case name; those that come more than once are joined by commas. */
function joined({ rawHeaders }: IncomingMessage): Record<string, string> {
  // Without a prototype, since the caller chooses the names.
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return headers;
}

function ofTheMessage(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!OF_ONE_CONNECTION.has(name)) kept[name] = headers[name];
  return kept;
}
