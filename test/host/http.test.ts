import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

type Echo = {
  method: string;
  url: string;
  params: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  size: number;
  sha256: string;
  invocationId: string;
  functionName: string;
  traceContext: { traceParent: string; traceState: string };
};

let host: Awaited<ReturnType<typeof startHostProcess>>;

beforeAll(async () => {
  host = await startHostProcess({
    app: fixture("echo.mjs"),
    env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: String(24 * 1024 * 1024) },
  });
});
afterAll(() => host.stop());

const echo = async (path: string, init?: RequestInit): Promise<Echo> => {
  const response = await fetch(host.url + path, init);
  expect(response.status).toBe(200);
  return (await response.json()) as Echo;
};

/** Sends a request exactly as given, and returns the whole answer. */
function raw(lines: string[], body = ""): Promise<string> {
  const socket = connect(Number(new URL(host.url).port), "127.0.0.1");
  socket.end(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n${body}`);
  return text(socket);
}

test.each([
  ["GET", "/api/unknown"],
  ["GET", "/api"],
  ["GET", "/"],
  ["GET", "/tickets/1"],
  ["DELETE", "/api/tickets/1"],
  ["HEAD", "/api/tickets/1"],
  ["OPTIONS", "/api/tickets/1"],
  ["POST", "/api/tickets/1"],
  ["GET", "/api/tickets/1/tags"],
  ["GET", "/api/tickets"],
])("%s %s, which no function serves, is 404 with an empty body", async (method, path) => {
  const response = await fetch(host.url + path, { method });
  expect(response.status).toBe(404);
  expect(await response.text()).toBe("");
});

test("an invalid Host header is 400 with an empty body", async () => {
  for (const name of ["a b", "[::1", "h:99999"]) {
    expect(await raw(["GET /api/echo HTTP/1.1", `host: ${name}`])).toMatch(
      /^HTTP\/1\.1 400 (.|\s)*\r\n\r\n$/,
    );
  }
});

test("a route matches in any case, but its parameters keep their case", async () => {
  const { params, functionName } = await echo("/API/tICKETS/AbC");
  expect(params).toEqual({ ticketId: "AbC" });
  expect(functionName).toBe("GetTicket");
});

test("a route matches with a trailing slash", async () => {
  expect((await echo("/api/tickets/7/")).params).toEqual({ ticketId: "7" });
});

test("a function without a route is served at its name", async () => {
  expect((await echo("/api/echo")).functionName).toBe("Echo");
});

test.each([
  ["agent%40example.com", "agent@example.com"],
  ["agent+tag@example.com", "agent+tag@example.com"],
  ["a%2Fb", "a%2Fb"],
  ["a%2fb%20c", "a%2fb c"],
  ["%F0%9F%98%80", "😀"],
  ["a%252Fb", "a%2Fb"],
  ["100%25", "100%"],
  ["%3Fq%23h", "?q#h"],
  ["%zz%FF", "%zz%FF"],
  ["x".repeat(2000), "x".repeat(2000)],
])("the path parameter %.20s is decoded once, except for slashes", async (sent, expected) => {
  expect((await echo(`/api/tickets/${sent}`)).params).toEqual({ ticketId: expected });
});

test("a route parameter can stand before another segment", async () => {
  expect((await echo("/api/tickets/a%2Fb/tags", { method: "PUT" })).params).toEqual({ id: "a%2Fb" });
});

test("a catch-all parameter takes the rest of the path, which can be empty", async () => {
  expect((await echo("/api/rest")).params).toEqual({});
  expect((await echo("/api/rest/a/B%20c/d")).params).toEqual({ path: "a/B c/d" });
});

describe("the request as the handler sees it", () => {
  test("query values are joined by a comma if their names differ only in case", async () => {
    const { query } = await echo("/api/echo?q=1&q=2&Q=3&empty=&plus=a+b&escaped=a%26b%3D%C3%BC&__proto__=x");
    expect(query).toEqual({ q: "1,2,3", empty: "", plus: "a b", escaped: "a&b=ü" });
  });

  test("the request's URL is made from the Host header and ignores forwarded headers", async () => {
    const answer = await raw([
      "GET /api/echo?a=b HTTP/1.1",
      "host: livechat.example:81",
      "x-forwarded-host: evil.test",
      "x-forwarded-proto: https",
    ]);
    expect(JSON.parse(answer.slice(answer.indexOf("{"))).url).toBe("http://livechat.example:81/api/echo?a=b");
  });

  test("a request target that is a whole URL matches by its path", async () => {
    const answer = await raw(["GET http://elsewhere.test/api/tickets/9?a=1 HTTP/1.1", "host: h.test"]);
    const seen: Echo = JSON.parse(answer.slice(answer.indexOf("{")));
    expect(seen).toMatchObject({
      params: { ticketId: "9" },
      query: { a: "1" },
      url: "http://h.test/api/tickets/9?a=1",
    });
  });

  test("a function sees headers with lower-case names and joined values", async () => {
    const answer = await raw([
      "GET /api/echo HTTP/1.1",
      "HOST: h.test",
      "X-Many: a",
      "x-many: b",
      "Cookie: c=1",
    ]);
    expect(JSON.parse(answer.slice(answer.indexOf("{"))).headers).toMatchObject({
      host: "h.test",
      "x-many": "a,b",
      cookie: "c=1",
    });
  });

  test("an invocation continues the caller's trace if it is valid, or starts a new one", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { traceContext } = await echo("/api/echo", { headers: { traceparent, tracestate: "v=1" } });
    expect(traceContext).toMatchObject({ traceParent: traceparent, traceState: "v=1" });
    const fresh = await echo("/api/echo", { headers: { traceparent: "nonsense" } });
    expect(fresh.traceContext.traceParent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  });

  test("every invocation has its own id", async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => (await echo("/api/echo")).invocationId));
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  });

  test.each([0, 1, 2048, 65_537, 17 * 1024 * 1024])("a body of %d bytes arrives unchanged", async (size) => {
    const body = randomBytes(size);
    const seen = await echo("/api/echo", { method: "POST", body });
    expect(seen).toMatchObject({ size, sha256: createHash("sha256").update(body).digest("hex") });
  });

  test("without streaming, a chunked body arrives empty with a warning in the log", async () => {
    const body = new Blob(["some text"]).stream();
    const seen = await echo("/api/echo", { method: "POST", body, duplex: "half" } as RequestInit);
    expect(seen.size).toBe(0);
    const warnings = () => host.log().filter(({ message }) => message.includes("Content-Length"));
    await expect.poll(warnings).toMatchObject([{ level: "warning", function: "Echo" }]);
  });

  test("a request with a Content-Length over the limit is 413 before its body is sent", async () => {
    const answer = await raw([
      "POST /api/echo HTTP/1.1",
      "host: h.test",
      `content-length: ${24 * 1024 * 1024 + 1}`,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test("the host answers after a caller disconnected during a body", async () => {
    const socket = connect(Number(new URL(host.url).port), "127.0.0.1");
    socket.write("POST /api/echo HTTP/1.1\r\nhost: h.test\r\ncontent-length: 100\r\n\r\nhalf", () =>
      socket.resetAndDestroy(),
    );
    await new Promise((closed) => socket.on("close", closed));
    await echo("/api/echo");
  });
});

describe("the answer", () => {
  const answer = (kind: string) => fetch(`${host.url}/api/answers/${kind}`);

  test.each(["throw", "reject", "unserialisable", "text"])(
    "a handler that fails (%s) is a 500 with an empty body",
    async (kind) => {
      const response = await answer(kind);
      expect(response.status).toBe(500);
      expect(await response.text()).toBe("");
      expect([...response.headers.keys()].sort()).toEqual([
        "connection",
        "content-length",
        "date",
        "keep-alive",
      ]);
    },
  );

  test("a handler's error is logged in one line without the query of a URL", async () => {
    await answer("throw");
    expect(JSON.parse(await host.line(/No good/))).toMatchObject({
      level: "error",
      function: "Answers",
      message: "Error: No good: https://upstream.test/x",
    });
    expect(host.stdout.join("\n")).not.toContain("secret");
  });

  test.each(["nothing", "empty"])(
    "a handler that returns no answer (%s) is answered by 204",
    async (kind) => {
      const response = await answer(kind);
      expect(response.status).toBe(204);
      expect(response.headers.has("content-length")).toBe(false);
    },
  );

  test("an answer has the handler's status, headers and text", async () => {
    const response = await answer("teapot");
    expect(response.status).toBe(418);
    expect(response.headers.get("x-many")).toBe("a, b");
    expect(response.headers.get("content-type")).toBe("text/x-tea");
    expect(await response.text()).toBe("short and stout");
  });

  test("an answer with jsonBody has the content type application/json", async () => {
    const response = await answer("json");
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ kind: "json" });
  });

  test("an answer of bytes arrives unchanged, also of 20 MiB", async () => {
    expect(Buffer.from(await (await answer("binary")).arrayBuffer())).toEqual(
      Buffer.from([0, 255, 1, 254, 128]),
    );
    const large = Buffer.from(await (await answer("large")).arrayBuffer());
    expect(large.equals(Buffer.alloc(20 * 1024 * 1024, 7))).toBe(true);
  });

  test("a function registered for HEAD answers without a body", async () => {
    const response = await new Promise<IncomingMessage>((done) =>
      httpRequest(`${host.url}/api/answers/teapot`, { method: "HEAD" }, done).end(),
    );
    expect(response.statusCode).toBe(418);
    expect(await text(response)).toBe("");
  });
});

test("each call of context.log writes one line of JSON with its invocation id", async () => {
  await fetch(`${host.url}/api/answers/log?code=secret-key`);
  await host.line(/"details"/);
  const lines = host
    .log()
    .filter((line) => ["one two { three: 3 }", "careful", "broken", "details"].includes(line.message));
  expect(lines.map(({ level }) => level)).toEqual(["information", "warning", "error", "debug"]);
  expect(new Set(lines.map((line) => line.invocationId)).size).toBe(1);
  for (const line of lines) {
    expect(Object.keys(line)).toEqual(["time", "level", "function", "invocationId", "message"]);
    expect(line.function).toBe("Answers");
    expect(new Date(line.time).toISOString()).toBe(line.time);
  }
  expect(host.stdout.join("\n")).not.toContain("secret-key");
});

test("the host prints its address in one line", () => {
  expect(host.stdout[0]).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+$/);
  expect(host.stdout.filter((line) => line.startsWith("listening"))).toHaveLength(1);
});

test("the host prints nothing to standard error", () => {
  expect(host.stderr).toEqual([]);
});

test("without --enable-auth no key is required", async () => {
  expect((await fetch(`${host.url}/api/for-admins`)).status).toBe(200);
});

test("the admin routes return the host's state and its functions", async () => {
  expect(await (await fetch(`${host.url}/admin/host/status`)).json()).toEqual({ state: "Running" });
  const functions = (await (await fetch(`${host.url}/admin/functions`)).json()) as { name: string }[];
  expect(functions.map(({ name }) => name)).toEqual([
    "Echo",
    "GetTicket",
    "PutTags",
    "Rest",
    "Admin",
    "Answers",
  ]);
  expect(functions[1]).toEqual({
    name: "GetTicket",
    triggerType: "httpTrigger",
    methods: ["GET"],
    route: "api/Tickets/{ticketId}",
    authLevel: "function",
    invokeUrl: `${host.url}/api/Tickets/{ticketId}`,
  });
});
