import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import { callerOf } from "./caller.ts";

let sandbox: Sandbox;
let call: ReturnType<typeof callerOf>;

beforeEach(async () => {
  sandbox = await startSandbox();
  call = callerOf(sandbox);
});
afterEach(() => sandbox.close());

test("the API key is accepted as Basic credentials and as a bearer token", async () => {
  const bearer = { authorization: `Bearer ${sandbox.credentials.apiKey}` };

  expect(await call("GET /agents")).toMatchObject({ status: 200 });
  expect(await call("GET /agents", { headers: bearer })).toMatchObject({ status: 200 });
});

test.each([undefined, "Bearer wrong", `Basic ${btoa("owner@example.com:wrong")}`])(
  "a call with the authorization %s is a 401",
  async (authorization) => {
    const reply = await call("GET /agents", { headers: { authorization } });

    expect(reply).toMatchObject({ status: 401, body: { error: "Unauthorized" } });
  },
);

test("a token of Frankfurt is accepted only with its region in the header", async () => {
  await using frankfurt = await startSandbox({
    credentials: { username: "o@example.com", apiKey: "fra:token" },
  });
  const there = callerOf(frankfurt);

  expect(await there("GET /agents")).toMatchObject({ status: 401 });
  expect(await there("GET /agents", { headers: { "x-region": "fra" } })).toMatchObject({ status: 200 });
});

test.each([undefined, "1", "2.0"])("a call with version %s is a 400", async (version) => {
  const reply = await call("GET /agents", { headers: { "x-api-version": version } });

  expect(reply).toMatchObject({ status: 400, body: { errors: ["X-API-Version must be 2"] } });
});

test.each(["GET /nothing", "PATCH /agents", "GET /tickets/NONE1", "DELETE /agents/nobody@example.com"])(
  "%s is a 404",
  async (route) => {
    expect(await call(route)).toMatchObject({
      status: 404,
      body: { error: expect.stringMatching(/not found/i) },
    });
  },
);

test.each([
  ["error", { error: "X-API-Version must be 2" }],
  ["errors", { errors: ["X-API-Version must be 2"] }],
  ["text", "X-API-Version must be 2"],
] as const)("errors have the shape of the variant %s", async (errors, body) => {
  sandbox.variants.errors = errors;

  expect(await call("GET /agents", { headers: { "x-api-version": "1" } })).toMatchObject({
    status: 400,
    body,
  });
});

test.each([
  ["not JSON", "{", "application/json"],
  ["no object", "null", "application/json"],
  ["neither JSON nor a form", "login=a", "text/plain"],
])("a body that is %s is a 400", async (_, form, type) => {
  expect(await call("POST /agents", { form, headers: { "content-type": type } })).toMatchObject({
    status: 400,
  });
});

test("a new account has an owner and two agents", async () => {
  const { body } = await call("GET /agents");

  expect(body).toEqual([
    expect.objectContaining({ login: "owner@example.com", permission: "owner" }),
    expect.objectContaining({ login: "sam@example.com", permission: "normal", status: "accepting chats" }),
    expect.objectContaining({ login: "sally@example.com", status: "not accepting chats" }),
  ]);
  for (const agent of body as object[]) {
    expect(Object.keys(agent)).toEqual(["name", "permission", "avatar", "login", "status"]);
  }
});

test("the list of agents is filtered by status", async () => {
  const { body } = await call("GET /agents?status=accepting+chats");

  expect(body).toEqual([expect.objectContaining({ login: "sam@example.com" })]);
  expect(await call("GET /agents?status=asleep")).toMatchObject({ status: 400 });
});

test("a new agent gets LiveChat's defaults", async () => {
  const { body } = await call("POST /agents", { json: { login: "new@example.com", name: "New Agent" } });

  expect(body).toEqual({
    login: "new@example.com",
    name: "New Agent",
    job_title: "Support Agent",
    login_status: "accepting chats",
    permission: "normal",
    max_chats_count: 6,
    groups: [{ id: 0, name: "All operators" }],
    notifications: { new_visitor: 0, incoming_chat: 1 },
    daily_summary: false,
    avatar: expect.stringContaining("avatars"),
    status: "offline",
    last_logout: null,
  });
});

test("an agent created by a form is answered without the password", async () => {
  const form =
    "login=new@example.com&name=New&password=12345&max_chats_count=3&groups[]=1&groups[]=3&daily_summary=1";

  const { status, body } = await call("POST /agents", { form });

  expect(status).toBe(200);
  expect(body).toMatchObject({ max_chats_count: 3, daily_summary: true, groups: [{ id: 1 }, { id: 3 }] });
  expect(body).not.toHaveProperty("password");
});

test.each([
  ["login", { login: "no e-mail", name: "N" }],
  ["login", { login: "sam@example.com", name: "Sam again" }],
  ["name", { login: "n@example.com" }],
  ["password", { login: "n@example.com", name: "N", password: "1234" }],
  ["permission", { login: "n@example.com", name: "N", permission: "owner" }],
  ["login_status", { login: "n@example.com", name: "N", login_status: "asleep" }],
  ["max_chats_count", { login: "n@example.com", name: "N", max_chats_count: "many" }],
  ["groups", { login: "n@example.com", name: "N", groups: [99] }],
])("a new agent with a wrong %s is a 400", async (field, json) => {
  const { status, body } = await call("POST /agents", { json });

  expect({ status, body }).toEqual({ status: 400, body: { errors: [expect.stringContaining(field)] } });
  expect(sandbox.agents.list()).toHaveLength(3);
});

test("a removed agent is no longer listed", async () => {
  expect(await call("DELETE /agents/sam%40example.com")).toMatchObject({
    status: 200,
    body: { result: "sam@example.com removed successfully" },
  });
  expect(await call("DELETE /agents/sam@example.com")).toMatchObject({ status: 404 });
  expect(sandbox.agents.list()).toHaveLength(2);
});

describe("the record of calls", () => {
  test("the record has method, URL, time and status of each call until it is cleared", async () => {
    await call("GET /agents?status=offline");
    await call("POST /agents", { json: { login: "new@example.com", name: "N", password: "very secret" } });
    await call("GET /nothing");
    await call("GET /sandbox/calls");

    expect(sandbox.calls.list).toEqual([
      { method: "GET", url: "/agents?status=offline", at: expect.any(Number), status: 200 },
      { method: "POST", url: "/agents", at: expect.any(Number), status: 200 },
      { method: "GET", url: "/nothing", at: expect.any(Number), status: 404 },
    ]);
    expect(await call("DELETE /sandbox/calls")).toMatchObject({ status: 200 });
    expect(await call("GET /sandbox/calls")).toMatchObject({ body: { count: 0, calls: [] } });
  });
});
