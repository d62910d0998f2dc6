import { HttpRequest, InvocationContext } from "@azure/functions";
import * as v from "valibot";
import { expect, test } from "vitest";
import {
  InvalidInput,
  NotFound,
  TooLarge,
  TooManyRequests,
  Unauthorized,
  UpstreamFailed,
} from "../../shared/core/errors.ts";
import { handle } from "../../shared/http/handle.ts";
import { declare, MAX_JSON_BYTES, type Operation } from "../../shared/http/operation.ts";
import { exact, wholeNumber } from "../../shared/schemas/vocabulary.ts";

const operation = declare<object>();

/** Answers with its validated input. */
const echo = operation({
  id: "Echo",
  summary: "Echo",
  description: "Answers with its validated input.",
  tag: "Test",
  method: "POST",
  route: "echo/{id}",
  input: {
    path: exact({ id: v.string() }),
    query: exact({ limit: v.optional(wholeNumber(1, 10), "5"), status: v.optional(v.string()) }),
    body: exact({
      name: v.string("must be text"),
      inner: v.optional(exact({ deep: v.number("must be a number") })),
    }),
  },
  output: { status: 201, description: "The validated input.", schema: v.unknown() },
  run: async ({ path, query, body }, _, { url }) => ({
    body: { path, query, body, url },
    headers: { "X-Kind": "echo" },
  }),
});

type Sent = {
  body?: string | Uint8Array;
  query?: string;
  contentType?: string | null;
  headers?: Record<string, string>;
  id?: string;
};

async function send(
  target: Operation<object>,
  { body = "", query = "", contentType = "application/json", headers = {}, id = "7" }: Sent,
) {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const request = new HttpRequest({
    method: "POST",
    url: `https://app.example/api/echo/7${query}`,
    headers: { ...(contentType && { "content-type": contentType }), ...headers },
    params: { id },
    body: { bytes },
  });
  const log: string[] = [];
  const context = new InvocationContext({
    logHandler: (level, ...args) => log.push(`${level} ${args.join(" ")}`),
  });
  const answer = await handle(target, {}, request, context);
  return { ...answer, json: JSON.parse(answer.body ?? "null"), log };
}

test("an operation gets its validated path, query and body", async () => {
  const { status, headers, json } = await send(echo, { body: '{"name":"Ana"}', query: "?limit=7" });
  expect(status).toBe(201);
  const length = String(Buffer.byteLength(JSON.stringify(json)));
  expect(headers).toEqual({
    "content-type": "application/json",
    "content-length": length,
    "X-Kind": "echo",
  });
  expect(json).toEqual({
    path: { id: "7" },
    query: { limit: 7 },
    body: { name: "Ana" },
    url: "https://app.example/api/echo/7",
  });
});

test("an encoded slash in a path parameter is decoded", async () => {
  const { json } = await send(echo, { body: '{"name":"Ana"}', id: "a%2Fb%2fc" });
  expect(json.path).toEqual({ id: "a/b/c" });
});

test("empty query parameters and the host's own count as missing", async () => {
  const { status, json } = await send(echo, {
    body: '{"name":"Ana"}',
    query: "?limit=&status=&code=key&clientId=me",
  });
  expect(status).toBe(201);
  expect(json.query).toEqual({ limit: 5 });
  expect(json.url).not.toContain("key");
});

test("an invalid request is 400 with a sentence for each problem of all its parts", async () => {
  const repeatable = { nameOf: () => "echo", find: async () => undefined };
  const { status, headers, json } = await send(
    { ...echo, repeatable },
    {
      body: '{"inner":{"deep":"x","shallow":1},"nickname":1,"age":2}',
      query: "?limit=99&color=red",
      headers: { "idempotency-key": '"' },
    },
  );
  expect(status).toBe(400);
  expect(headers["content-type"]).toBe("application/problem+json");
  expect(json).toMatchObject({
    type: "urn:livechat-functions:problem:invalid-input",
    title: "The request is not valid",
    status: 400,
    detail: "8 problems in the request.",
  });
  expect(json.errors).toEqual([
    {
      path: "Idempotency-Key",
      message:
        'Idempotency-Key must be one string in quotes, of 1 to 255 characters, such as "8e03978e-40d5-43e8-bc93-6894a57f9324".',
    },
    { path: "limit", message: "limit must be at most 10." },
    { path: "color", message: "color is not a known field. Use limit, status." },
    { path: "name", message: "name is required." },
    { path: "inner.deep", message: "inner.deep must be a number." },
    { path: "inner.shallow", message: "inner.shallow is not a known field. Use deep." },
    { path: "nickname", message: "nickname is not a known field. Use name, inner." },
    { path: "age", message: "age is not a known field. Use name, inner." },
  ]);
});

test("a megabyte of unknown fields is 400 with fifty problems", async () => {
  const body = JSON.stringify(Object.fromEntries(Array.from({ length: 90_000 }, (_, i) => [`n${i}`, 0])));
  const { status, json } = await send(echo, { body, query: "?limit=99" });
  expect(status).toBe(400);
  expect(json.detail).toBe("At least 50 problems in the request.");
  expect(json.errors).toHaveLength(50);
});

test.each([
  ["an empty body", { body: "", contentType: null }, 400, "A JSON body is required."],
  ["unreadable JSON", { body: "{" }, 400, "The body is not valid JSON."],
  ["bytes that are not UTF-8", { body: new Uint8Array([34, 0xff, 34]) }, 400, "The body is not valid JSON."],
  ["a JSON list", { body: "[1]" }, 400, "The body must be a JSON object."],
  ["JSON null", { body: "null" }, 400, "The body must be a JSON object."],
  [
    "another content type",
    { body: "name=Ana", contentType: "application/x-www-form-urlencoded" },
    415,
    undefined,
  ],
  ["no content type", { body: '{"name":"Ana"}', contentType: null }, 415, undefined],
  ["too large a body", { body: new Uint8Array(MAX_JSON_BYTES + 1) }, 413, undefined],
  [
    "too large a Content-Length",
    { body: "{}", headers: { "content-length": String(MAX_JSON_BYTES + 1) } },
    413,
    undefined,
  ],
] as const)("a request with %s is refused", async (_, sent, status, message) => {
  const answer = await send(echo, sent);
  expect(answer.status).toBe(status);
  expect(answer.json.status).toBe(status);
  if (message) expect(answer.json.errors).toContainEqual({ path: expect.any(String), message });
});

test.each([
  "application/json",
  "application/json; charset=utf-8",
  "application/merge-patch+json",
  "APPLICATION/JSON",
])("a body with the content type %s is read", async (contentType) =>
  expect((await send(echo, { body: '{"name":"Ana"}', contentType })).status).toBe(201),
);

const failing = (error: unknown): Operation<object> => ({
  ...echo,
  input: {},
  run: async () => {
    throw error;
  },
});

test("an AppError is answered with its status, title and message", async () => {
  const { status, json, log } = await send(failing(new NotFound("There is no such ticket.")), {});
  expect(status).toBe(404);
  expect(json).toEqual({
    type: "urn:livechat-functions:problem:not-found",
    title: "Not found",
    status: 404,
    detail: "There is no such ticket.",
  });
  expect(log).toEqual([]);
});

test("Retry-After is rounded up to whole seconds", async () => {
  const { status, headers } = await send(failing(new TooManyRequests("Later.", { retryAfter: 1.2 })), {});
  expect(status).toBe(429);
  expect(headers["retry-after"]).toBe("2");
});

test("a defect is answered without its message and logged without private data", async () => {
  const error = new TypeError("https://u:secret@host.example/x?code=key of vera@example.com is undefined");
  const { status, json, log } = await send(failing(error), {});
  expect(status).toBe(500);
  expect(JSON.stringify(json)).not.toMatch(/secret|vera|stack|TypeError/);
  expect(log).toHaveLength(1);
  expect(log[0]).toContain("TypeError");
  expect(log[0]).not.toMatch(/secret|key|vera|\.ts:/);
});

test("a failure of LiveChat is logged with its code and without LiveChat's words", async () => {
  const upstream = { code: "ECONNREFUSED", words: "Vera's lamp is dark." };
  const { status, log } = await send(
    failing(new UpstreamFailed("LiveChat cannot be reached.", { upstream })),
    {},
  );
  expect(status).toBe(502);
  expect(log[0]).toContain("ECONNREFUSED");
  expect(log[0]).not.toContain("Vera");
});

/** A receiver of deliveries of at most four bytes. */
function receiverOf(refused: unknown[]) {
  const { input: _, run: __, repeatable: ___, ...words } = echo;
  return operation({
    ...words,
    input: {
      delivery: {
        schema: v.unknown(),
        credentials: "basic",
        maxBytes: 4,
        verify({ headers }) {
          if (!headers.has("authorization")) throw new Unauthorized("This URL asks for credentials.");
        },
        refused: (error) => refused.push(error),
      },
    },
    run: async ({ raw }) => ({ body: raw.length }),
  });
}

test("a delivery's sender is verified before its body is read", async () => {
  const unknown = await send(receiverOf([]), { body: "12345" });
  expect(unknown).toMatchObject({
    status: 401,
    headers: { "www-authenticate": expect.stringMatching(/^Basic /) },
  });
});

test("each refused delivery is reported with its error", async () => {
  const refused: unknown[] = [];
  const receiver = receiverOf(refused);
  expect(await send(receiver, { body: "12345" })).toMatchObject({ status: 401 });
  const headers = { authorization: "Basic x" };
  expect(await send(receiver, { headers, body: "12345" })).toMatchObject({ status: 413 });
  expect(await send(receiver, { headers, body: "1234" })).toMatchObject({ status: 201, json: 4 });
  expect(refused).toEqual([expect.any(Unauthorized), expect.any(TooLarge)]);
});

test("a compressed body is 415 with the name of its header", async () => {
  const { status, json } = await send(echo, {
    body: '{"name":"Ana"}',
    headers: { "content-encoding": "gzip" },
  });
  expect(status).toBe(415);
  expect(json.detail).toContain("Content-Encoding: gzip");
});

test("a problem document cuts long text of the caller", async () => {
  const long = "x".repeat(10_000);
  const problems = [{ path: long, message: long }];
  const { body = "" } = await send(failing(new InvalidInput(long, { problems })), {});
  expect(body.length).toBeLessThan(2_000);
});

test("a conditional operation answers 304 only to its current ETag", async () => {
  let body = { n: 1 };
  const polled = operation({
    id: "Polled",
    summary: "Polled",
    description: "Is polled.",
    tag: "Test",
    method: "GET",
    route: "polled",
    conditional: true,
    input: {},
    output: { status: 200, description: "It.", schema: v.object({ n: v.number() }) },
    run: async () => ({ body }),
  });
  const first = await send(polled, {});
  const etag = first.headers.etag ?? "";
  expect(etag).toMatch(/^W\/"[\w-]+"$/);
  const second = await send(polled, { headers: { "if-none-match": `"other", ${etag}` } });
  expect(second).toMatchObject({ status: 304, headers: { etag } });
  expect(second.body).toBeUndefined();
  for (const known of [etag.slice(2), `"other",${etag.slice(2)}`, "*"]) {
    expect((await send(polled, { headers: { "if-none-match": known } })).status).toBe(304);
  }
  body = { n: 2 };
  const third = await send(polled, { headers: { "if-none-match": etag } });
  expect(third).toMatchObject({ status: 200, json: { n: 2 } });
});
