import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Received = { path: string; headers: IncomingHttpHeaders; body: { [field: string]: unknown } };

/** Starts a webhook receiver that answers each request with the next answer, and further ones with the last. */
export async function startReceiver(...answers: (number | ((response: ServerResponse) => void))[]) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const answer = answers[received.length] ?? answers.at(-1) ?? 200;
    received.push({
      path: request.url ?? "",
      headers: request.headers,
      body: (await json(request)) as Received["body"],
    });
    if (typeof answer === "number") response.writeHead(answer, { Location: "/elsewhere" }).end();
    else answer(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    received,
    address: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
