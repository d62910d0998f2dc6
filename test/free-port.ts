import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A free port, after which the next ones are free too. It stays free while its server restarts: the system gives the ports
 * from 32768 to programs that take any port, and this one is below them.
 *
 * @param count how many ports must be free
 */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor((Math.random() * 12_000) / 4) * 4;
    const ports = Array.from({ length: count }, (_, index) => port + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}
