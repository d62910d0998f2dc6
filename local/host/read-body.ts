import type { IncomingMessage } from "node:http";

/**
 * Reads a whole body. A body that came in one piece is passed on unchanged. Rejects when the other end leaves before.
 */
export function readBody(message: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    message.on("error", reject);
  });
}
