import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type App, startApp } from "./start-app.ts";

let app: App;
beforeAll(async () => {
  app = await startApp({ env: { LIVECHAT_RATE_LIMIT: "1000" }, sandbox: { throttle: { limit: 1000 } } });
});
afterAll(() => app?.stop());
beforeEach(() => {
  app.sandbox.faults.clear();
});

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

test("a new agent is in the list of agents until it is removed", async () => {
  const created = await app.call("POST", "/agents", {
    login: "ana@example.com",
    name: "Ana",
    job_title: "Lamps",
    login_status: "not accepting chats",
    permission: "administrator",
    password: "12345",
    max_chats_count: "3",
    groups: [0],
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    login: "ana@example.com",
    name: "Ana",
    job_title: "Lamps",
    login_status: "not accepting chats",
    permission: "administrator",
    max_chats_count: 3,
    groups: [{ id: 0, name: expect.any(String) }],
  });

  const listed = await app.call("GET", "/agents");
  expect(listed.status).toBe(200);
  expect(listed.body.map(({ login }: { login: string }) => login)).toContain("ana@example.com");

  const removed = await app.call("DELETE", "/agents/ana@example.com");
  expect(removed).toMatchObject({ status: 200, body: { result: "ana@example.com removed successfully" } });
  const again = await app.call("DELETE", "/agents/ana%40example.com");
  expect(again).toMatchObject({
    status: 404,
    body: { title: "Not found", detail: expect.stringMatching(/\w/) },
  });
});

test.each([
  ["accepting chats", ["sam@example.com"]],
  ["not accepting chats", ["sally@example.com"]],
  ["offline", ["owner@example.com"]],
])("the list of agents with status %j has only agents of that status", async (status, logins) => {
  const { body } = await app.call("GET", `/agents?status=${encodeURIComponent(status)}`);
  expect(body.map(({ login }: { login: string }) => login)).toEqual(logins);
});

test("a list of agents with an unknown status is 400 with the known statuses", async () => {
  const { status, body } = await app.call("GET", "/agents?status=asleep");
  expect(status).toBe(400);
  expect(body.errors).toEqual([
    { path: "status", message: "status must be one of accepting chats, not accepting chats, offline." },
  ]);
});

const FAULTS = [
  ["answers 500", { do: "answer", status: 500 }],
  ["drops the connection", { do: "drop" }],
] as const;

test.each(FAULTS)("the removal of a missing agent is 404 when LiveChat %s", async (_, fault) => {
  app.sandbox.faults.plan({ ...fault, method: "DELETE", path: "/agents/nobody" });
  expect((await app.call("DELETE", "/agents/nobody@example.com")).status).toBe(404);
});

test.each(FAULTS)("the removal of an agent is 200 when LiveChat %s after it", async (_, fault) => {
  await app.call("POST", "/agents", { login: "eve@example.com", name: "Eve" });
  app.sandbox.faults.plan({ ...fault, method: "DELETE", path: "/agents/eve", committed: true });
  expect(await app.call("DELETE", "/agents/eve@example.com")).toMatchObject({
    status: 200,
    body: { result: "eve@example.com removed successfully" },
  });
});

test("a new ticket has the requested fields in both answers", async () => {
  const created = await app.call("POST", "/tickets", {
    message: "The lamp stays dark.",
    subject: "Lamp",
    requester: { mail: "vera@example.com", name: "Vera" },
    assignee: { id: "owner@example.com" },
    source: { type: "chat-window", url: "https://shop.example.com/lamps" },
  });
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({
    id: expect.any(String),
    subject: "Lamp",
    status: "open",
    date: expect.stringMatching(ISO),
    modified: expect.stringMatching(ISO),
    requester: { mail: "vera@example.com", name: "Vera" },
    assignee: { id: "owner@example.com" },
    source: { type: "chat-window", url: "https://shop.example.com/lamps" },
  });
  expect((await app.call("GET", `/tickets/${created.body.id}`)).body).toEqual(created.body);
});

test("an update lists the fields that LiveChat ignored", async () => {
  const asked = { message: "The lamp stays dark.", subject: "Lamp", requester: { mail: "vera@example.com" } };
  const { id } = (await app.call("POST", "/tickets", asked)).body;
  const updated = await app.call("PUT", `/tickets/${id}/tags`, { tag: ["lamps"], subject: "Dark lamp" });
  expect(updated).toMatchObject({ status: 200, body: { id, tags: ["lamps"], ignored_fields: ["subject"] } });
});

test.each([
  ["wrapped", "epoch", "ids", "null"],
  ["bare", "iso", "objects", "missing"],
] as const)(
  "a ticket is answered in one form: %s, times %s, groups %s, absent fields %s",
  async (ticket, times, listGroups, absent) => {
    const before = { ...app.sandbox.variants };
    Object.assign(app.sandbox.variants, { ticket, times, listGroups, absent });
    const { body: created } = await app.call("POST", "/tickets", {
      message: "Hi",
      requester: { mail: "vera@example.com" },
    });
    const { body: got } = await app.call("GET", `/tickets/${created.id}`);
    const { body: listed } = await app.call("GET", "/tickets?limit=1");
    Object.assign(app.sandbox.variants, before);

    for (const answer of [created, got, listed[0]]) {
      expect(answer).toMatchObject({
        id: created.id,
        subject: "(no subject)",
        date: expect.stringMatching(ISO),
      });
      expect(answer.events[0].date).toMatch(ISO);
      for (const group of answer.groups) expect(group).toMatchObject({ id: expect.any(Number) });
      expect(JSON.stringify(answer)).not.toContain('"url":null');
    }
  },
);

test("a list of tickets longer than a page has totals and a Link to the next tickets", async () => {
  for (let index = 0; index < 70; index++) {
    app.sandbox.tickets.create({
      message: `Ticket ${index}`,
      requester: { mail: `v${index % 2}@example.com` },
    });
  }
  const total = app.sandbox.tickets.size;
  const seen: string[] = [];
  let at: string | undefined = `${app.url}/tickets?limit=30&requester[mail]=v0@example.com`;
  let pages = 0;
  while (at) {
    const response: Response = await fetch(at);
    expect(response.headers.get("x-total-count")).toBe("35");
    expect(response.headers.get("x-total-pages")).toBe("2");
    seen.push(...((await response.json()) as { id: string }[]).map(({ id }) => id));
    at = /<(.+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    pages += 1;
  }
  expect(pages).toBe(2);
  expect(new Set(seen).size).toBe(35);

  const all = await app.call("GET", "/tickets?limit=1000");
  expect(all.body).toHaveLength(total);
  const first = await app.call("GET", "/tickets");
  expect(first.body).toHaveLength(25);
  expect(first.body).toEqual(all.body.slice(0, 25));
});

test("an invalid request is 400 with all its problems and no call to LiveChat", async () => {
  const before = app.sandbox.calls.count;
  const agent = await app.call("POST", "/agents", {
    login: "ana",
    password: "1234",
    permission: "owner",
    login_status: "asleep",
    max_chats_count: "many",
    nickname: "A",
  });
  expect(agent.status).toBe(400);
  expect(agent.headers.get("content-type")).toBe("application/problem+json");
  expect(agent.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual(
    ["login", "login_status", "max_chats_count", "name", "nickname", "password", "permission"].sort(),
  );
  const list = await app.call("GET", "/tickets?limit=1001&status=closed&date_from=yesterday&colour=red");
  expect(list.body.errors).toHaveLength(4);
  expect((await app.call("PUT", "/tickets/X/tags", {})).body.errors[0].message).toMatch(
    /at least one of message, /,
  );
  expect((await app.call("POST", "/tickets", "{}", { "content-type": "text/plain" })).status).toBe(415);
  expect((await app.call("POST", "/tickets", "{")).status).toBe(400);
  expect((await app.call("POST", "/tickets", `"${"x".repeat(1024 * 1024)}"`)).status).toBe(413);
  expect(app.sandbox.calls.count).toBe(before);
});

test.each([
  [400, { error: "Wrong group" }, 400, "Wrong group"],
  [404, { errors: ["No such ticket"] }, 404, "No such ticket"],
  [401, "", 502, "credentials"],
  [403, "", 502, "credentials"],
] as const)("LiveChat's %i with body %j is answered with %i", async (status, body, expected, words) => {
  app.sandbox.faults.plan({ do: "answer", status, body, path: "/tickets" });
  const answer = await app.call("GET", "/tickets/K9N1S");
  expect(answer.status).toBe(expected);
  expect(answer.body.detail).toContain(words);
});

test.each([
  ["a failure", { do: "answer", status: 500, body: "Oops", times: 9 }],
  ["an answer in HTML", { do: "answer", status: 200, body: "<html>Sorry</html>", times: 9 }],
  ["a dropped connection", { do: "drop", times: 9 }],
] as const)("%s in answer to a create is 502 without a second attempt", async (_, fault) => {
  app.sandbox.faults.plan({ ...fault, method: "POST" });
  const before = app.sandbox.calls.count;
  const answer = await app.call("POST", "/tickets", {
    message: "Hi",
    requester: { mail: "vera@example.com" },
  });
  expect(answer.status).toBe(502);
  expect(app.sandbox.calls.count).toBe(before + 1);
  expect(JSON.stringify(answer.body)).not.toMatch(/sandbox-api-key|Oops<|<html/);
});

test("a read is retried after a short failure of LiveChat", async () => {
  app.sandbox.faults.plan({ do: "drop" }, { do: "answer", status: 503 });
  expect((await app.call("GET", "/agents")).status).toBe(200);
});

test("a create waits as long as LiveChat's 429 says", async () => {
  app.sandbox.faults.plan({ do: "answer", status: 429, headers: { "Retry-After": "0.01" } });
  const answer = await app.call("POST", "/tickets", {
    message: "Hi",
    requester: { mail: "vera@example.com" },
  });
  expect(answer.status).toBe(201);
});

test("an id with slashes, dots or delimiters never leads to another path of LiveChat", async () => {
  const before = app.sandbox.calls.count;
  for (const id of ["..%2Fagents", "%2e%2e", "x%3Fy", "x%23y"]) {
    const answer = await app.call("GET", `/tickets/${id}`);
    expect([400, 404]).toContain(answer.status);
  }
  expect(app.sandbox.calls.list.slice(before).filter(({ url }) => url.startsWith("/agents"))).toEqual([]);
});

const odd = { id: "ODD", tags: ["sales", null], date: "soon", modified: "2026-01-15T09:44:12Z" };
const asItCame = { ...odd, modified: "2026-01-15T09:44:12.000Z" };
const withOdd = {
  ...({ do: "answer", status: 200, method: "GET", path: "/tickets" } as const),
  body: { total: 3, pages: 1, tickets: [{ id: "T1" }, odd, { subject: "no id" }] },
};

test("an odd ticket is listed beside the others and can be read", async () => {
  app.sandbox.faults.plan(withOdd);
  expect((await app.call("GET", "/tickets")).body).toEqual([{ id: "T1" }, asItCame]);
  app.sandbox.faults.plan({ ...withOdd, body: odd, path: "/tickets/ODD" });
  expect((await app.call("GET", "/tickets/ODD")).body).toEqual(asItCame);
});

test("an odd ticket is stored and reported by a run that completes", async () => {
  app.sandbox.faults.plan({ ...withOdd, times: 9 });
  const run = await app.call("POST", "/reconcile/tickets");
  expect(run.body).toMatchObject({ outcome: "completed", odd: 1, withoutId: 1 });
  expect((await app.call("GET", "/stored/tickets/ODD")).body).toEqual(asItCame);
  expect((await app.call("GET", "/reconcile/tickets")).body.odd).toEqual(["ODD"]);
  const { checks } = (await app.call("GET", "/status")).body;
  expect(checks.find(({ name }: { name: string }) => name === "reconcile")).toMatchObject({
    state: "attention",
    detail: expect.stringContaining("ODD"),
  });
  app.sandbox.faults.clear();
});

// The last test, because the app then makes no call for 300 seconds.
test("a 429 of LiveChat with a long wait is passed on with Retry-After", async () => {
  app.sandbox.faults.plan({ do: "answer", status: 429, headers: { "Retry-After": "300" } });
  const answer = await app.call("GET", "/tickets/K9N1S");
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(30);
});
