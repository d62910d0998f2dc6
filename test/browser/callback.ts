import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Starts a callback that answers 400 until `accept` is called. */
export async function startCallback() {
  const called = Promise.withResolvers<void>();
  let status = 400;
  const server: Server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(status).end("what the callback says");
      called.resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calledOnce: called.promise,
    accept: () => {
      status = 200;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
