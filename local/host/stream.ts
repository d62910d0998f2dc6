import { randomUUID } from "node:crypto";
import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as sendRequest,
} from "node:http";
import type { FunctionApp, RegisteredFunction } from "./function-app.ts";
import { type Answer, type Call, TOO_LARGE } from "./http-server.ts";
import { invoke } from "./invoke.ts";

/** The library tells by this header which invocation a request belongs to. */
const INVOCATION_ID = "x-ms-invocation-id";

/** These belong to one connection and are not passed on (RFC 9110, 7.6.1). `date` is the front's own. */
const OF_ONE_CONNECTION = ["connection", "keep-alive", "transfer-encoding", "date", INVOCATION_ID];

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
  const invocationId = randomUUID();
  const upstream = sendRequest({
    // The library listens on every address, and says "localhost", which would have to be resolved each time.
    host: "127.0.0.1",
    port: httpUri.port,
    method: request.method,
    path: target,
    agent: false,
    headers: {
      ...without(OF_ONE_CONNECTION, headers),
      // Node frames the body again by this one; with a length it sends it as it is.
      ...("transfer-encoding" in headers && { "transfer-encoding": "chunked" }),
      // Else the library's server would close the connection behind an early answer, unread.
      connection: "keep-alive",
      "x-forwarded-host": headers.host ?? "localhost",
      "x-forwarded-proto": "http",
      [INVOCATION_ID]: invocationId,
    },
  });
  const answered = new Promise<Answer>((resolve, reject) => {
    upstream.on("response", (response) => {
      // What is left of the request is of no use then, and the library's server does not read it.
      response.on("end", () => upstream.destroy());
      resolve(toAnswer(response));
    });
    upstream.on("error", reject);
    sendBody(request, upstream, { limit, tooMuch: () => resolve(TOO_LARGE) });
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

function toAnswer(response: IncomingMessage): Answer {
  return {
    status: response.statusCode ?? 500,
    headers: without(OF_ONE_CONNECTION, response.headers),
    body: response,
  };
}

/** The headers by lower-case name; those that come more than once are joined by commas. */
function joined({ headersDistinct }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values]) => [name, (values ?? []).join(",")]),
  );
}

function without(names: readonly string[], headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}
