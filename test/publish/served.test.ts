import { afterAll, beforeAll, expect, test } from "vitest";
import { describeApp } from "../../functions/docs/describe-app.ts";
import { operations } from "../../functions/operations.ts";
import { examples } from "../../shared/schemas/examples.ts";
import { type App, basic, startApp, WEBHOOK } from "../app/start-app.ts";
import {
  checker,
  type Described,
  type Document,
  operationsIn,
  type Parameter,
  responseOf,
  sampleOf,
} from "./document.ts";

const KEY = "the key of this test";

/** The sandbox's clock stands still, so its ids are those of the examples. */
const NOW = Date.parse("2026-01-15T09:30:00.000Z");

/** The built app, with the account of the examples. */
let app: App;
let document: Document;
let check: ReturnType<typeof checker>;

beforeAll(async () => {
  app = await startApp({
    flags: ["--enable-auth"],
    sandbox: { now: () => NOW, throttle: { limit: 10_000 } },
    env: {
      LOCAL_FUNCTION_KEY: KEY,
      LIVECHAT_RATE_LIMIT: "10000",
      WEBHOOK_BASE_URL: "https://127.0.0.1:9",
      ALLOW_LOOPBACK_CALLBACKS: "true",
    },
  });
  document = (await app.call("GET", "/openapi.json")).body;
  check = checker(document);
  // The data for the examples of reading operations: the stored ticket, two events and a quarantined delivery.
  const key = { "x-functions-key": KEY };
  expect((await app.call("POST", "/tickets", examples.newTicket, key)).body.id).toBe(examples.ticketId);
  expect((await app.call("POST", "/reconcile/tickets", undefined, key)).status).toBe(200);
  await app.deliver("chat-started", examples.chatStarted);
  await app.deliver("chat-ended", examples.chatEnded);
  await app.deliver("chat-ended", examples.misfit);
});
afterAll(() => app?.stop());

// The operations of the served document, known before the app has started.
const published = operationsIn(JSON.parse(JSON.stringify(describeApp(operations))));

/** The order of calls: a resource is created, read, changed and then removed. */
const LIFECYCLE = ["POST", "GET", "PUT", "DELETE"];

/** Tags whose operations remove each other's data share a lifecycle. */
const SHARED: Record<string, string> = { People: "Events", "Stored tickets": "Events" };
const lifecycles = Object.entries(
  Object.groupBy(published, ({ tags: [tag = ""] }) => SHARED[tag] ?? tag),
).map(([tag, operations = []]) => ({
  tag,
  operations: operations.toSorted((a, b) => LIFECYCLE.indexOf(a.method) - LIFECYCLE.indexOf(b.method)),
}));

/** The statuses of examples that cannot succeed: the delivery stays unreadable, and the subscription does not exist. */
const OTHERWISE: Record<string, number> = {
  ReplayQuarantined: 409,
  GetSubscription: 404,
  ReplaySubscription: 404,
  ResumeSubscription: 404,
  SkipEvent: 404,
  SendAgain: 404,
  TestSubscription: 404,
  RollSecret: 404,
  // The API v2 lists no chats.
  ReconcileChats: 409,
};

test("GET /openapi.json answers the definition of the operations", () => {
  expect(document).toEqual(
    JSON.parse(JSON.stringify({ ...describeApp(operations), servers: [{ url: app.url }] })),
  );
});

test.each(lifecycles)(
  "every operation with the tag $tag answers its examples as published",
  async ({ operations }) => {
    for (const operation of operations) {
      const { operationId, method, parameters = [], requestBody } = operation;
      const required = parameters.filter((parameter) => parameter.required);
      let body = requestBody?.content["application/json"]?.example;
      // The example has another password than the app.
      if (isObject(body) && "secret_key" in body) body = { ...body, secret_key: WEBHOOK.password };
      // The callback must not leave this machine.
      if (isObject(body) && "url" in body) body = { ...body, url: "http://127.0.0.1:9/callback" };
      const expected = OTHERWISE[operationId];
      await call(operation, required, { body, expected });

      if (method !== "GET") continue;
      for (const parameter of parameters) {
        if (!parameter.required && sampleOf(parameter) !== undefined)
          await call(operation, [...required, parameter], { expected });
      }
    }
  },
);

test.each(published.filter(({ security }) => security.some((scheme) => "functionKey" in scheme)))(
  "$operationId without a key answers 401 and an empty body",
  async ({ path, method, responses }) => {
    const reply = await app.call(method, path.replaceAll(/\{\w+\}/g, "x"));
    expect([reply.status, reply.body]).toEqual([401, ""]);
    expect(responses).toHaveProperty("401");
  },
);

// The console's page reads its filters from its own query, so the app takes any.
test.each(published.filter(({ operationId }) => operationId !== "GetConsole"))(
  "$operationId with an unknown parameter answers 400 and names the parameter",
  async (operation) => {
    const { path, method } = operation;
    const reply = await app.call(
      method,
      `${path.replaceAll(/\{\w+\}/g, "x@example.com")}?colour=red${keyOf(operation)}`,
      operation.requestBody ? "{}" : undefined,
      credentials(operation),
    );
    validate(operation, reply, 400);
    expect(reply.body.errors).toContainEqual({
      path: "colour",
      message: expect.stringContaining("not a known field"),
    });
  },
);

test("the page /docs loads only files of the app", async () => {
  const page = await app.call("GET", "/docs");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const parts = [...page.body.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, address]) => address);
  expect(parts).toHaveLength(3);
  for (const part of parts) {
    const { status, headers } = await app.call("GET", `/${part}`);
    expect([part, status]).toEqual([expect.stringMatching(/^docs\/[\w-]+-[0-9a-f]{8}\.(js|css)$/), 200]);
    expect(headers.get("content-type")).toMatch(/^text\/(javascript|css); charset=utf-8$/);
    expect(headers.get("cache-control")).toContain("immutable");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/https?:|\*|unsafe/);
});

test("/docs/ redirects to /docs, because the page's links are relative", async () => {
  const { status, headers } = await fetch(`${app.url}/docs/`, { redirect: "manual" });
  expect([status, new URL(headers.get("location") ?? "", `${app.url}/docs/`).href]).toEqual([
    308,
    `${app.url}/docs`,
  ]);
});

test.each([
  "app.mjs",
  "..%2fapp.mjs",
  "..%2f..%2fhost.json",
  "..%5capp.mjs",
  "%2e%2e%2fapp.mjs",
  "%00",
  "constructor",
])("GET /docs/%s answers 404", async (name) => {
  const { status, body } = await app.call("GET", `/docs/${name}`);
  expect([status, body.title]).toEqual([404, "Not found"]);
});

type Options = { body?: unknown; expected?: number };

async function call(
  operation: ReturnType<typeof operationsIn>[number],
  given: Parameter[],
  { body, expected }: Options = {},
) {
  const url = new URL(`${app.url}${operation.path}`);
  for (const parameter of given) {
    const value = String(sampleOf(parameter));
    if (parameter.in === "query") url.searchParams.set(parameter.name, value);
    else url.pathname = url.pathname.replace(encodeURI(`{${parameter.name}}`), encodeURIComponent(value));
  }
  if (keyOf(operation)) url.searchParams.set("key", WEBHOOK.password);
  const reply = await app.call(
    operation.method,
    url.href.slice(app.url.length),
    body,
    credentials(operation),
  );
  validate(operation, reply, expected ?? Number(Object.keys(operation.responses)[0]));
}

/** The password as a query parameter, for operations that read it there. */
function keyOf({ security }: Described): string {
  const isAsked = security.some((scheme) => "webhookKey" in scheme);
  return isAsked ? `&key=${encodeURIComponent(WEBHOOK.password)}` : "";
}

function credentials({ security }: Described): Record<string, string> {
  const schemes = security.flatMap((scheme) => Object.keys(scheme));
  return {
    ...(schemes.includes("functionKey") && { "x-functions-key": KEY }),
    ...(schemes.includes("webhookCredentials") && { authorization: basic(WEBHOOK) }),
  };
}

function validate(operation: Described, reply: Awaited<ReturnType<App["call"]>>, status: number): void {
  expect([operation.operationId, reply.status, reply.body]).toEqual([
    operation.operationId,
    status,
    reply.body,
  ]);
  const response = responseOf(document, operation, status);
  if (!response) throw new Error(`${status} is not published`);
  const type = reply.headers.get("content-type")?.split(";")[0];
  if (response.content) {
    const content = response.content[type ?? ""];
    if (!content) throw new Error(`${type} is not published for ${status}`);
    expect(check(content.schema, reply.body)).toEqual([]);
  } else expect(reply.body).toBe("");
  for (const [name, { required, schema }] of Object.entries(response.headers ?? {})) {
    const header = reply.headers.get(name);
    if (header === null) expect([name, required]).not.toEqual([name, true]);
    else expect(check(schema, schema.type === "integer" ? Number(header) : header)).toEqual([]);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
