import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, startApp } from "../../app/start-app.ts";

/** Four hosts with one storage and one LiveChat. */
let apps: App[];
let first: App;

beforeAll(async () => {
  first = await startApp({ sandbox: { throttle: { limit: 10_000 } }, env: shared() });
  const env = { ...shared(), LIVECHAT_API_URL: first.sandbox.url };
  apps = [first, ...(await Promise.all([1, 2, 3].map(() => startApp({ env }))))];
});
afterAll(() => Promise.all((apps ?? []).map((app) => app.stop())));

const table = `Events${crypto.randomUUID().replaceAll("-", "")}`;
const shared = () => ({ EVENTS_TABLE: table, LIVECHAT_RATE_LIMIT: "10000" });
const withKey = (key: string) => ({ "idempotency-key": `"${key}"` });
const tickets = () => first.sandbox.tickets.page({ order: "desc" }, 1);
const lamp = (subject: string) => ({
  message: "The lamp stays dark.",
  requester: { mail: "vera@example.com" },
  subject,
});

test("200 requests to four hosts with one key and lost answers create one ticket", async () => {
  const body = lamp("one of 200");
  // LiveChat creates the ticket, and its answer is lost in three ways. Answers to the search are lost, too.
  first.sandbox.faults.plan(
    { do: "drop", committed: true, method: "POST", path: "/tickets" },
    { do: "answer", status: 500, committed: true, path: "/tickets" },
    { do: "cut", path: "/tickets" },
  );
  const statuses: number[] = [];
  const answers = new Set<string>();
  const worker = async (nth: number) => {
    const app = apps[nth % 4] as App;
    for (let answered = 0; answered < 10; ) {
      const { status, body: answer, headers } = await app.call("POST", "/tickets", body, withKey("200"));
      statuses.push(status);
      if (status === 201) answers.add(JSON.stringify(answer));
      if (status === 201) answered++;
      if (status === 409) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, nth) => worker(nth)));

  expect(answers.size).toBe(1);
  expect(statuses.filter((status) => ![201, 409, 502].includes(status))).toEqual([]);
  expect(tickets().tickets.filter(({ subject }) => subject === body.subject)).toHaveLength(1);
});

test("a repetition on another host gets the first answer", async () => {
  const one = await first.call("POST", "/tickets", lamp("same"), withKey("same"));
  const again = await (apps[1] as App).call("POST", "/tickets", lamp("same"), { "idempotency-key": "same" });
  expect([one.status, again.status]).toEqual([201, 201]);
  expect(again.body).toEqual(one.body);
  expect(again.headers.get("content-type")).toBe(one.headers.get("content-type"));
});

test("a key with another body is 422", async () => {
  expect((await first.call("POST", "/tickets", lamp("one"), withKey("one body"))).status).toBe(201);
  const other = await first.call("POST", "/tickets", lamp("other"), withKey("one body"));
  expect(other).toMatchObject({ status: 422, body: { type: "urn:livechat-functions:problem:key-reused" } });
});

test("a malformed key is 400", async () => {
  const none = await first.call("POST", "/tickets", lamp("other"), { "idempotency-key": '"open' });
  expect(none).toMatchObject({ status: 400, body: { errors: [{ path: "Idempotency-Key" }] } });
});

const agent = { login: "ana.key@example.com", name: "Ana", password: "not to be stored" };

test("an agent whose answer was lost is found by its login", async () => {
  first.sandbox.faults.plan({ do: "drop", committed: true, method: "POST", path: "/agents" });
  expect((await first.call("POST", "/agents", agent, withKey("agent"))).status).toBe(502);
  const found = await (apps[2] as App).call("POST", "/agents", agent, withKey("agent"));
  expect(found).toMatchObject({ status: 201, body: { login: agent.login, name: "Ana" } });
  expect(found.body.password).toBeUndefined();
});

test("the repetition of a refused creation gets the refusal without a call", async () => {
  const taken = { ...agent, login: first.sandbox.credentials.username };
  const refused = await first.call("POST", "/agents", taken, withKey("taken"));
  expect(refused.status).toBe(400);
  first.sandbox.calls.clear();
  expect(await (apps[3] as App).call("POST", "/agents", taken, withKey("taken"))).toMatchObject({
    status: 400,
    body: refused.body,
  });
  expect(first.sandbox.calls.count).toBe(0);
});

test("an update with a key and a lost answer adds its message once", async () => {
  first.sandbox.variants.updates = "everything";
  const { id } = (await first.call("POST", "/tickets", lamp("updated"))).body;
  const update = { message: "A new lamp is on its way.", tag: ["delivery"] };
  const said = async () => {
    const { events } = (await first.call("GET", `/tickets/${id}`)).body;
    return events.filter(({ message }: { message?: string }) => message === update.message).length;
  };
  const fault = { do: "drop", committed: true, method: "PUT", path: `/tickets/${id}` } as const;

  first.sandbox.faults.plan(fault);
  const lost = await first.call("PUT", `/tickets/${id}/tags`, update, withKey("update"));
  expect(lost).toMatchObject({
    status: 502,
    body: { detail: expect.stringContaining("may have taken effect") },
  });
  const found = await (apps[1] as App).call("PUT", `/tickets/${id}/tags`, update, withKey("update"));
  expect(found).toMatchObject({ status: 200, body: { id, tags: ["delivery"], ignored_fields: [] } });
  expect(await said()).toBe(1);

  expect((await first.call("PUT", `/tickets/${id}/tags`, update, withKey("another update"))).status).toBe(
    200,
  );
  expect((await first.call("PUT", `/tickets/${id}/tags`, update, withKey("update"))).body).toEqual(
    found.body,
  );
  expect(await said()).toBe(2);
});

test("an update without message and key is retried after a lost answer", async () => {
  const { id } = (await first.call("POST", "/tickets", lamp("tagged"))).body;
  first.sandbox.faults.plan({ do: "drop", committed: true, method: "PUT", path: `/tickets/${id}` });
  expect((await first.call("PUT", `/tickets/${id}/tags`, { tag: ["vip"] })).status).toBe(200);
});

test("without a key every request creates a ticket", async () => {
  const ids = [];
  for (let nth = 0; nth < 2; nth++) ids.push((await first.call("POST", "/tickets", lamp("keyless"))).body.id);
  expect(ids[0]).not.toBe(ids[1]);
});

test("after the death of a host during a request, a repetition is 409 with Retry-After", async () => {
  const body = lamp("killed");
  const victim = apps[3] as App;
  first.sandbox.faults.plan({ do: "stall", committed: true, method: "POST", path: "/tickets" });
  first.sandbox.calls.clear();
  const cut = victim.call("POST", "/tickets", body, withKey("killed")).catch(() => {});
  while (!first.sandbox.calls.list.some(({ method }) => method === "POST")) await new Promise(setImmediate);
  victim.process.kill("SIGKILL");
  await cut;
  const { status, headers, body: problem } = await first.call("POST", "/tickets", body, withKey("killed"));
  expect(status).toBe(409);
  expect(problem.type).toBe("urn:livechat-functions:problem:conflict");
  // `idempotency.test.ts` tests the end of this time; here it would take half a minute.
  expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(30);
  expect(tickets().tickets.filter(({ subject }) => subject === body.subject)).toHaveLength(1);
});
