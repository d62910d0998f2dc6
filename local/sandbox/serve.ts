import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Calls } from "./calls.ts";
import { fail } from "./failing.ts";
import type { Faults } from "./faults.ts";
import { type Answer, plain, type Request, readRequest, send } from "./http.ts";

type Served = {
  /** A port on 127.0.0.1; 0 means any free one. */
  port: number;
  /** The time in epoch milliseconds. */
  now: () => number;
  /** Answers LiveChat's own routes. */
  api: (request: Request) => Answer;
  /** Answers the routes under `/sandbox`. */
  control: (request: Request) => Answer;
  faults: Faults;
  calls: Calls;
};

/**
 * Serves an account over HTTP. Each call of its API is recorded, and gets the next planned fault for its method and
 * path, if there is one.
 */
export async function serve({ port, now, api, control, faults, calls }: Served) {
  // A default of 5 s could close an idle connection just when a client uses it again.
  const server = createServer({ keepAliveTimeout: 130_000 }, async (incoming, response) => {
    try {
      const request = await readRequest(incoming);
      const { method, path } = request;
      if (path === "/sandbox" || path.startsWith("/sandbox/")) return send(response, control(request));
      const call = calls.add({ method, url: incoming.url ?? path, at: now(), status: null });
      const fault = faults.next(method, path);
      if (fault) {
        call.status = fail(response, fault, () => api(request));
      } else {
        const answer = api(request);
        call.status = answer.status;
        send(response, answer);
      }
    } catch (error) {
      if (incoming.destroyed && !incoming.complete) return;
      console.error("The sandbox itself failed:", error);
      if (!response.headersSent) send(response, plain(500, "Internal Server Error"));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close(): Promise<void> {
      await new Promise((resolve) => {
        server.close(resolve);
        // A connection that is still open is idle, or stalls by a fault.
        server.closeAllConnections();
      });
    },
  };
}
