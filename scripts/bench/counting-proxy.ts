import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A proxy in front of the emulator's tables that records all requests.
 *
 * @param connectionString of the emulator
 * @returns the requests as `METHOD /path`, and the connection string of the proxy
 */
export async function startCountingProxy(connectionString: string) {
  const [, endpoint = ""] = /TableEndpoint=([^;]+)/.exec(connectionString) ?? [];
  const { hostname, port } = new URL(endpoint);
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    seen.push(`${method} ${path?.split("?")[0]}`);
    const passed = request({ hostname, port, path, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const own = `TableEndpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    seen,
    connectionString: connectionString.replace(/TableEndpoint=http:\/\/[^/;]+/, own),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
