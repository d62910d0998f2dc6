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
  /** A stream is sent as it comes. */
  body?: Uint8Array | string | Readable;
};

/** Ends the connection: what is still being sent is not worth reading. */
export const TOO_LARGE: Answer = { status: 413, headers: { connection: "close" } };

export type Call = {
  request: IncomingMessage;
  /** Path and query as they were sent. */
  target: string;
  /** The query without its question mark. */
  search: string;
  params: Record<string, string | undefined>;
};

export type Route = {
  methods: string[];
  /** In find-my-way's notation. */
  path: string;
  asksForKey: boolean;
  /** What it throws is answered by a bare 500. */
  answer(call: Call): Promise<Answer>;
};

export type HttpServer = {
  port: number;
  /** Takes no more connections; resolves when every request in flight has its answer, to the last byte. */
  stop(): Promise<void>;
  /** Answers everything in flight by 500, at once. */
  fail(): void;
};

/**
 * Serves the routes as the host's front does: the rest is 404 with an empty body, also for a wrong method, and so are
 * 401 and 500 without one. Without `hasKey` no key is asked for.
 *
 * @throws StartError when two routes collide or the port cannot be had.
 */
export async function serveHttp(
  routes: Route[],
  { port, hostname, hasKey }: { port: number; hostname: string; hasKey?: KeyCheck },
): Promise<HttpServer> {
  const router = createRouter(routes);
  /** Until the last byte of the answer is sent. */
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
    const target = originForm(request.url ?? "/");
    const queryAt = target.indexOf("?");
    const path = queryAt === -1 ? target : target.slice(0, queryAt);
    const found = router.find(request.method as findMyWay.HTTPMethod, toRoutablePath(path));
    if (!found) return { status: 404 };
    const route: Route = found.store;
    const search = queryAt === -1 ? "" : target.slice(queryAt + 1);
    if (route.asksForKey && hasKey && !hasKey(request, search)) return { status: 401 };
    return route.answer({ request, target, search, params: found.params });
  }

  function send(response: ServerResponse, { status, headers: given, body = "" }: Answer): void {
    if (response.headersSent) return;
    // The caller went away while the app worked: a stream cannot even be piped there.
    if (response.destroyed) {
      if (body instanceof Readable) body.destroy();
      return;
    }
    const headers = { ...given };
    if (stopping) headers.connection = "close";
    try {
      if (body instanceof Readable) {
        response.writeHead(status, headers);
        // A caller that goes away, or an app that does: the connection ends, and there is no one to tell.
        pipeline(body, response, () => {});
        return;
      }
      if (status !== 204 && status !== 304) headers["content-length"] = Buffer.byteLength(body);
      response.writeHead(status, headers).end(body);
    } catch {
      // A header that fetch takes and node:http does not.
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
        // Not http's own close: it counts connections as idle whose answer is still on its way, and cuts them off.
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
    // Queries are read where they are needed.
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
