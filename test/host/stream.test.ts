import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

/** A host of an app that streams: requests go through the library's own HTTP server. */
let host: Awaited<ReturnType<typeof startHostProcess>>;
const LIMIT = 4 * 1024 * 1024;
beforeAll(async () => {
  const env = { STREAM: "on", FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(LIMIT) };
  host = await startHostProcess({ app: fixture("echo.mjs"), env });
});
afterAll(() => host.stop());

const echo = async (path: string, init?: RequestInit): Promise<{ url: string }> => {
  const response = await fetch(host.url + path, init);
  expect(response.status).toBe(200);
  return (await response.json()) as { url: string };
};

/** Sends a body in chunks, without a Content-Length, and resolves to the answer. */
function sendChunks(path: string, chunks: Iterable<Uint8Array>): Promise<{ status?: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(host.url + path, { method: "POST" }, (response) => {
      const { statusCode: status } = response;
      text(response).then((body) => resolve({ status, body }), reject);
    });
    request.on("error", reject);
    const next = chunks[Symbol.iterator]();
    const send = () => {
      for (;;) {
        const { value, done } = next.next();
        if (done) return void request.end();
        if (!request.write(value)) return void request.once("drain", send);
      }
    };
    send();
  });
}

test.each([0, 1, 2048, 65_537, LIMIT])(
  "with streaming, a chunked body of %d bytes arrives unchanged",
  async (size) => {
    const body = randomBytes(size);
    const chunks = Array.from({ length: Math.ceil(size / 10_000) }, (_, n) =>
      body.subarray(n * 10_000, n * 10_000 + 10_000),
    );
    const answer = await sendChunks("/api/echo", chunks);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      size,
      sha256: createHash("sha256").update(body).digest("hex"),
    });
  },
);

test("with streaming, a function sees body, Content-Length, query and parameters", async () => {
  const body = randomBytes(100_000);
  const headers = { "x-many": "a", host: "elsewhere.test", "x-forwarded-host": "evil.test" };
  const seen = await echo("/api/tickets/a%2Fb%20c/tags?q=1&q=2", { method: "PUT", body, headers });
  expect(seen).toMatchObject({
    method: "PUT",
    size: 100_000,
    params: { id: "a%2Fb c" },
    headers: { "x-many": "a", "content-length": "100000" },
  });
  expect(seen.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/tickets\/a%2Fb%20c\/tags\?q=1&q=2$/);
});

test("with streaming, the answer has the function's status and headers, with one Date", async () => {
  const response = await fetch(`${host.url}/api/answers/teapot`);
  expect(response.status).toBe(418);
  expect(response.headers.get("content-type")).toBe("text/x-tea");
  expect(response.headers.get("x-many")).toBe("a, b");
  expect(response.headers.has("x-ms-invocation-id")).toBe(false);
  expect(response.headers.get("date")).not.toContain(", ,");
  expect(await response.text()).toBe("short and stout");
  const large = Buffer.from(await (await fetch(`${host.url}/api/answers/large`)).arrayBuffer());
  expect(large.equals(Buffer.alloc(20 * 1024 * 1024, 7))).toBe(true);
});

test("with streaming, HEAD is answered with Content-Length and no body", async () => {
  const head = (path: string) =>
    new Promise<IncomingMessage>((done) => httpRequest(host.url + path, { method: "HEAD" }, done).end());
  const teapot = await head("/api/answers/teapot");
  expect(teapot.statusCode).toBe(418);
  expect(await text(teapot)).toBe("");
  const sized = await head("/api/answers/sized");
  expect(sized.headers["content-length"]).toBe("5");
  expect(await text(sized)).toBe("");
  expect(await (await fetch(`${host.url}/api/answers/sized`)).text()).toBe("sized");
});

test("with streaming, requests with read and unread small bodies share connections", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const post = (kind: string, body = "") =>
    new Promise<string>((resolve, reject) => {
      const path = `${host.url}/api/answers/${kind}`;
      const options = { method: "POST", agent, headers: { "content-length": body.length } };
      const request = httpRequest(path, options, (response) => text(response).then(resolve, reject));
      request.on("error", reject).end(body);
    });
  const count = async () => JSON.parse(await post("connections")).connections;
  const before = await count();
  for (let turn = 0; turn < 10; turn++) {
    expect(await post("early", "x".repeat(15_000))).toBe("not you");
    expect(await post("sized", "x")).toBe("sized");
  }
  // The host closes a connection that is idle for 2 s, so a pause of the machine costs a new one.
  expect((await count()) - before).toBeLessThan(5);

  // A large body that is not read closes its connection.
  expect(await post("early", "x".repeat(1_000_000))).toBe("not you");
  expect(await post("sized")).toBe("sized");
  agent.destroy();
});

test("with streaming, a function sees the caller's header names with joined values", async () => {
  const headers = [
    "host",
    "h.test",
    "constructor",
    "a",
    "X-Many",
    "b",
    "x-many",
    "c",
    "x-ms-invocation-id",
    "d",
  ];
  const request = httpRequest(`${host.url}/api/echo`, { headers });
  const response = await new Promise<IncomingMessage>((done) => request.on("response", done).end());
  expect(JSON.parse(await text(response)).headers).toMatchObject({ constructor: "a", "x-many": "b,c" });
});

test.each(["throw", "reject", "unserialisable", "text"])(
  "with streaming, a handler that fails (%s) is a 500 with an empty body",
  async (kind) => {
    const response = await fetch(`${host.url}/api/answers/${kind}`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("");
  },
);

test("with streaming, a caller refused before its body is read gets the answer", async () => {
  const chunk = Buffer.alloc(100_000);
  const answer = await sendChunks("/api/answers/early", Array(30).fill(chunk));
  expect(answer).toEqual({ status: 401, body: "not you" });
});

test("with streaming, a body is 413 by its Content-Length or once it reaches the limit", async () => {
  const socket = connect(Number(new URL(host.url).port), "127.0.0.1");
  socket.end(`POST /api/echo HTTP/1.1\r\nhost: h\r\ncontent-length: ${LIMIT + 1}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 413 /);

  // The connection may be closed before the answer is read.
  const answer = await sendChunks("/api/echo", Array(200).fill(Buffer.alloc(64 * 1024))).catch(
    (error) => error,
  );
  if (!(answer instanceof Error)) expect(answer.status).toBe(413);
  await echo("/api/echo");
});

test("with streaming, the host answers after a caller disconnected during a body", async () => {
  const socket = connect(Number(new URL(host.url).port), "127.0.0.1");
  socket.write("POST /api/echo HTTP/1.1\r\nhost: h.test\r\ncontent-length: 100\r\n\r\nhalf", () =>
    socket.resetAndDestroy(),
  );
  await new Promise((closed) => socket.on("close", closed));
  await echo("/api/echo");
});

test("with streaming, the log has no lines of the library's server", () => {
  expect(host.stdout[0]).toMatch(/^listening on /);
  expect(host.log().filter(({ level }) => level === "debug")).toEqual([]);
});

test("with streaming, the host keeps running when callers disconnect at any moment", async () => {
  const { port, host: name } = new URL(host.url);
  const calls = Array.from({ length: 200 }, async (_, n) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    // The host may close it first.
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await once(socket, "connect");
    socket.write(`GET /api/echo HTTP/1.1\r\nhost: ${name}\r\n\r\n`);
    // At times from the start of the function until after the answer.
    for (let turn = 0; turn < n / 4; turn++) await setImmediate();
    socket.destroy();
    await closed;
  });
  await Promise.all(calls);
  expect((await echo("/api/echo")).url).toContain("/api/echo");
});
