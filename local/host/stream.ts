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

/** The library finds the invocation of a request by this header. */
const INVOCATION_ID = "x-ms-invocation-id";

/** Headers of a single connection, which are not forwarded (RFC 9110, 7.6.1), and headers that this host sets itself. */
const CONNECTION_HEADERS = new Set(["connection", "keep-alive", "transfer-encoding", "date", INVOCATION_ID]);

/**
 * The largest body that is sent in one piece, in bytes. It is less than Node's server buffers of an unread request (16 KiB
 * in Node 20), so an unread body never blocks the next request on the connection.
 */
const SMALL_BODY_BYTES = 16_000;

/**
 * Connections to the library's server are reused. That server closes an idle connection after 5 seconds. This end closes it
 * earlier, so no request is sent on a connection that the server is closing.
 */
const connections = new Agent({ keepAlive: true, timeout: 2_000, scheduling: "lifo" });

type Streaming = {
  call: Call;
  /** The route's parameters by name. */
  params: Record<string, string>;
  /** The library's HTTP server. */
  httpUri: URL;
  /** The largest body, in bytes. */
  limit: number;
};

/**
 * Runs an HTTP function with streaming, as the real host does for an app with `app.setup({ enableHttpStream: true })`. The
 * request goes to the library's own HTTP server, and its answer comes from there. The invocation has only the headers and
 * the route's parameters.
 *
 * @throws the function's error, after logging it
 */
export async function forward(
  app: FunctionApp,
  fn: RegisteredFunction,
  { call, params, httpUri, limit }: Streaming,
): Promise<Answer> {
  const { request, target } = call;
  const headers = joinHeaders(request);
  const isSmall =
    headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) <= SMALL_BODY_BYTES;
  const body = isSmall ? await readBody(request) : undefined;
  const invocationId = randomUUID();
  const upstream = sendRequest({
    // The library listens on all addresses. Its own `localhost` would need a name resolution for each request.
    host: "127.0.0.1",
    port: httpUri.port,
    method: request.method,
    path: target,
    // A large body may stay unread, and then its connection cannot be reused.
    agent: isSmall ? connections : false,
    headers: {
      ...withoutConnectionHeaders(headers),
      // With this header Node sends the body in chunks; with a `Content-Length` it sends the bytes alone.
      ...(headers["transfer-encoding"] !== undefined && { "transfer-encoding": "chunked" }),
      // Otherwise the library's server would close the connection right after an early answer, and the answer could be
      // lost.
      connection: "keep-alive",
      "x-forwarded-host": headers.host ?? "localhost",
      "x-forwarded-proto": "http",
      [INVOCATION_ID]: invocationId,
    },
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    upstream.on("response", (response) => {
      // The library's server does not read the rest of a large request.
      if (!isSmall) response.on("end", () => upstream.destroy());
      toAnswer(response, request.method === "HEAD").then(resolve, reject);
    });
    upstream.on("error", reject);
    if (isSmall) upstream.end(body);
    else sendBody(request, upstream, { limit, onTooLarge: () => resolve(TOO_LARGE) });
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
    // Ignores the error of the promise that lost the race.
    answered.catch(() => {});
    invoked.catch(() => {});
  }
}

/**
 * Forwards a body while it arrives, at most `limit` bytes. After an early answer, such as a 401, it reads and drops the
 * rest, because a caller that is still sending would not see the answer.
 */
function sendBody(
  request: IncomingMessage,
  upstream: ClientRequest,
  { limit, onTooLarge }: { limit: number; onTooLarge: () => void },
): void {
  let size = 0;
  let open = true;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) {
      request.pause();
      onTooLarge();
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

/** @param isHead true when the answer has a content length but no body */
async function toAnswer(response: IncomingMessage, isHead: boolean): Promise<Answer> {
  const { statusCode: status = 500, headers } = response;
  const isSmall =
    !isHead && Number(headers["content-length"] ?? Number.POSITIVE_INFINITY) <= SMALL_BODY_BYTES;
  return {
    status,
    headers: withoutConnectionHeaders(headers),
    body: isSmall ? await readBody(response) : response,
  };
}

/** The headers by lower-case name. Repeated headers are joined by commas. */
function joinHeaders({ rawHeaders }: IncomingMessage): Record<string, string> {
  // Without a prototype, because the caller chooses the names.
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    const value = rawHeaders[at + 1] as string;
    headers[name] = name in headers ? `${headers[name]},${value}` : value;
  }
  return headers;
}

function withoutConnectionHeaders(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const name in headers) if (!CONNECTION_HEADERS.has(name)) kept[name] = headers[name];
  return kept;
}
