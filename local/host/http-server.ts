import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer } from "node:net";
import { pipeline, Readable } from "node:stream";
import findMyWay from "find-my-way";
import type { KeyCheck } from "./function-key.ts";
import { toRoutablePath } from "./route-template.ts";
import { StartError } from "./start-error.ts";

export type Answer = {
  status: number;
  headers?: OutgoingHttpHeaders;
  /** A stream is sent as it arrives. */
  body?: Uint8Array | string | Readable;
};

/** Closes the connection, so the rest of the body is not read. */
export const TOO_LARGE: Answer = { status: 413, headers: { connection: "close" } };

export type Call = {
  request: IncomingMessage;
  /** Path and query as the caller sent them. */
  target: string;
  /** The query without its question mark. */
  search: string;
  params: Record<string, string | undefined>;
};

export type Route = {
  methods: string[];
  /** The path, in find-my-way's notation. */
  path: string;
  requiresKey: boolean;
  /** An error is answered by 500 with an empty body. */
  answer(call: Call): Promise<Answer>;
};

type HttpServer = {
  port: number;
  /** Accepts no more connections. Resolves when the answers of all requests in flight are completely sent. */
  stop(): Promise<void>;
  /** Answers all requests in flight by 500 at once. */
  fail(): void;
};

/**
 * Serves the routes like the real host's front end. An unknown route or method is 404, an invalid `Host` 400. The
 * answers 400, 401, 404 and 500 have empty bodies. Without `hasKey` no key is required.
 *
 * @throws StartError when two routes collide, or the port is not free
 */
export async function serveHttp(
  routes: Route[],
  { port, hostname, hasKey }: { port: number; hostname: string; hasKey?: KeyCheck },
): Promise<HttpServer> {
  const router = createRouter(routes);
  /** The answers that are not completely sent. */
  const inFlight = new Set<ServerResponse>();
  function hasEnded(this: ServerResponse) {
    inFlight.delete(this);
  }
  let stopping = false;

  // Header size and keep-alive are Kestrel's defaults.
  const server = createServer({ maxHeaderSize: 32_768, keepAliveTimeout: 130_000 }, (request, response) => {
    inFlight.add(response);
    response.on("close", hasEnded);
    answer(request).then(
      (answer) => send(response, answer),
      () => send(response, { status: 500 }),
    );
  });

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { host = "localhost" } = request.headers;
    if (!URL.canParse(`http://${host}`)) return { status: 400 };
    const target = originForm(request.url ?? "/");
    const queryAt = target.indexOf("?");
    const path = queryAt === -1 ? target : target.slice(0, queryAt);
    const found = router.find(request.method as findMyWay.HTTPMethod, toRoutablePath(path));
    if (!found) return { status: 404 };
    const route: Route = found.store;
    const search = queryAt === -1 ? "" : target.slice(queryAt + 1);
    if (route.requiresKey && hasKey && !hasKey(request, search)) return { status: 401 };
    return route.answer({ request, target, search, params: found.params });
  }

  function send(response: ServerResponse, { status, headers: given, body = "" }: Answer): void {
    if (response.headersSent) return;
    // The caller disconnected while the app worked. A stream cannot be piped into a destroyed response.
    if (response.destroyed) {
      if (body instanceof Readable) body.destroy();
      return;
    }
    const headers = { ...given };
    if (stopping) headers.connection = "close";
    try {
      if (body instanceof Readable) {
        response.writeHead(status, headers);
        // When the caller or the app disconnects, the connection ends; no answer can report the error.
        pipeline(body, response, () => {});
        return;
      }
      if (status !== 204 && status !== 304) headers["content-length"] = Buffer.byteLength(body);
      response.writeHead(status, headers).end(body);
    } catch {
      // A header that fetch accepts and node:http refuses.
      response.writeHead(500, { "content-length": 0 }).end();
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new StartError(
          error.code === "EADDRINUSE" ? `Port ${port} is in use: choose another with --port` : error.message,
        ),
      ),
    );
    server.listen(port, hostname, resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      stopping = true;
      return new Promise((resolve) => {
        const closeIdle = () => inFlight.size === 0 && server.closeIdleConnections();
        const sweep = setInterval(closeIdle, 20);
        // The close of `http.Server` would cut off connections whose answer is still being sent.
        NetServer.prototype.close.call(server, () => {
          clearInterval(sweep);
          resolve();
        });
        closeIdle();
      });
    },
    fail() {
      stopping = true;
      for (const response of inFlight) send(response, { status: 500 });
    },
  };
}

function createRouter(routes: Route[]) {
  const router = findMyWay({
    caseSensitive: false,
    ignoreTrailingSlash: true,
    maxParamLength: 32_768,
    // The functions read the query themselves.
    querystringParser: () => ({}),
  });
  for (const route of routes) {
    try {
      router.on(route.methods as findMyWay.HTTPMethod[], route.path, () => {}, route);
    } catch (error) {
      throw new StartError(`The routes collide: ${error instanceof Error ? error.message : error}`);
    }
  }
  return router;
}

/** The path and query of a request target, which may also be an absolute URL (RFC 9112, 3.2.2). */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const url = URL.parse(target);
  return url ? url.pathname + url.search : "/";
}
