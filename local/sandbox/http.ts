import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import type { Refusal } from "./refusal.ts";
import type { Variants } from "./variants.ts";

/** A request. `path` and `query` are the parts before and after the `?`. */
export type Request = {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  body: string;
};

export type Answer = { status: number; headers: Record<string, string>; body: string };

/** The `Authorization` header of Basic credentials (RFC 7617). */
export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export async function readRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/", headers } = incoming;
  const [path = "/", query = ""] = url.split("?", 2);
  return { method, path, query, headers, body: await readText(incoming) };
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
}

export function json(status: number, content: unknown): Answer {
  return { status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
}

export function plain(status: number, body: string): Answer {
  return { status, headers: { "Content-Type": body.startsWith("<") ? "text/html" : "text/plain" }, body };
}

/** Makes the answer to a refused call. LiveChat does not document the body of errors; these are the known shapes. */
export function refused({ status, problems, headers }: Refusal, shape: Variants["errors"]): Answer {
  const bodies = {
    error: () => json(status, { error: problems.join("; ") }),
    errors: () => json(status, { errors: problems }),
    text: () => plain(status, problems.join("; ")),
    mixed: () => json(status, status === 400 ? { errors: problems } : { error: problems.join("; ") }),
  };
  const answer = bodies[shape]();
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
