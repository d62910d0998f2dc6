import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { type App, type Host, startApp, startTextApp, type TextApp, WEBHOOK } from "./start-app.ts";

/** HelpDesk's deliveries over HTTP: forged, early, or to a host that is killed. */

const receiver = (key = WEBHOOK.password) => `/receivers/helpdesk/tickets?key=${encodeURIComponent(key)}`;
const announce = (app: Host, ID: string) => app.call("POST", receiver(), { payload: { ID } });
const asked = {
  requester: { email: "vera@example.com", name: "Vera" },
  message: { text: "The lamp stays dark." },
};
const roomy = { throttle: { limit: 10_000 } };

const eventsOf = async (app: Host, id: string) =>
  (await app.call("GET", `/events?ticket_id=${id}`)).body.items;
const untilLogged = (app: Host, id: string) =>
  expect.poll(() => eventsOf(app, id), { interval: 25 }).toHaveLength(1);

/** Announces a ticket, and waits until the app has forgotten the announcement without an event. */
async function comesToNothing(app: Host, id: string): Promise<void> {
  expect((await announce(app, id)).body.status).toBe("stored");
  const again = async () => (await announce(app, id)).body.status;
  await expect.poll(again, { interval: 25 }).toBe("stored");
  expect(await eventsOf(app, id)).toEqual([]);
}

const newTables = () =>
  Object.fromEntries(
    ["EVENTS_TABLE", "TICKETS_TABLE"].map((name) => [name, `T${crypto.randomUUID().replaceAll("-", "")}`]),
  );

/** A host whose clock is ahead by less than a minute, so the app does not correct it. */
const ahead = (seconds: number) => {
  const code = `const now=Date.now;Date.now=()=>now()+${seconds * 1000}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
};

const runTimer = async (app: Host, name: string) => {
  const { status } = await fetch(app.url.replace(/\/api$/, `/admin/functions/${name}`), { method: "POST" });
  expect(status).toBe(202);
};

let app: TextApp;
beforeAll(async () => {
  app = await startTextApp({ env: { LIVECHAT_RATE_LIMIT: "10000" }, sandbox: roomy });
});
afterAll(() => app?.stop());

test("the id of an old ticket adds no event before or after the first reconciliation", async () => {
  const { desk } = app.sandbox.helpDesk;
  const [old, other] = desk.fill(5).map(({ ID }) => ID) as [string, string];
  await comesToNothing(app, old);
  const early = desk.create(asked, { silently: true }).ID;
  await announce(app, early);
  await untilLogged(app, early);

  expect((await app.call("POST", "/reconcile/tickets")).body).toMatchObject({ added: 6, recovered: 0 });
  await comesToNothing(app, old);
  await comesToNothing(app, other);
  const { ID } = desk.create(asked, { silently: true });
  desk.change(ID, { subject: "Changed before its webhook came" });
  await announce(app, ID);
  await untilLogged(app, ID);
  expect((await app.call("GET", "/events?type=ticket_created")).body.items).toHaveLength(2);
});

test("tickets that exist at the first registration never become events", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const { desk } = sandbox.helpDesk;
  const [there] = desk.fill(1).map(({ ID }) => ID) as [string];
  const fresh = await startTextApp({ sandbox, env: { WEBHOOK_BASE_URL: "http://127.0.0.1:9" } });
  try {
    expect((await fresh.call("POST", "/registration")).body).toMatchObject({ created: 3 });
    await comesToNothing(fresh, there);
    const { ID } = desk.create(asked, { silently: true });
    await announce(fresh, ID);
    await untilLogged(fresh, ID);
    expect((await fresh.call("POST", "/registration")).body).toMatchObject({ created: 0 });
    expect((await fresh.call("GET", "/reconcile/tickets")).body.runs).toMatchObject([
      { mode: "first", added: 1 },
    ]);
  } finally {
    await fresh.stop();
  }
});

test("when a host dies before it reads a ticket, the next adds the event once", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const tables = newTables();
  const first = await startTextApp({ sandbox, env: tables });
  const { ID } = sandbox.helpDesk.desk.create(asked, { silently: true });
  sandbox.faults.plan({ do: "stall", path: "/helpdesk/v1/tickets/" });
  expect((await announce(first, ID)).body.status).toBe("stored");
  const isAsking = () => sandbox.calls.list.some(({ url }) => url.endsWith(ID));
  await expect.poll(isAsking).toBe(true);
  first.process.kill("SIGKILL");
  await once(first.process, "exit");

  // By the second host's clock, the first host's half minute is over.
  const second = await startTextApp({ sandbox, env: { ...tables, ...ahead(45) } });
  try {
    expect(await eventsOf(second, ID)).toEqual([]);
    await runTimer(second, "ArrivalsTimer");
    await untilLogged(second, ID);
    await runTimer(second, "ArrivalsTimer");
    expect((await announce(second, ID)).body.status).toBe("duplicate");
    expect(await second.call("POST", "/reconcile/tickets")).toMatchObject({ body: { recovered: 0 } });
    expect(await eventsOf(second, ID)).toMatchObject([{ api: "text", origin: "webhook" }]);
  } finally {
    await second.stop();
  }
});

test("after a move from v2, its tickets stay and HelpDesk's old tickets add no events", async () => {
  const tables = newTables();
  const before: App = await startApp({ env: tables });
  before.sandbox.tickets.fill(30);
  await before.call("POST", "/reconcile/tickets");
  const delivered = await before.deliver("ticket-created", {
    event_type: "ticket_created",
    ticket: { id: "V2TOLD" },
  });
  expect(delivered.body.status).toBe("stored");
  await before.stop();

  await using sandbox = await startTextSandbox(roomy);
  const { desk } = sandbox.helpDesk;
  const there = desk.fill(20).map(({ ID }) => ID) as [string, string, ...string[]];
  const first = await startTextApp({ sandbox, env: { ...tables, ...ahead(50) } });
  expect((await first.call("POST", "/reconcile/tickets")).body).toMatchObject({
    mode: "first",
    added: 20,
    deleted: 0,
    recovered: 0,
  });
  await first.stop();

  const { ID } = desk.create(asked, { silently: true });
  desk.remove(there[1]);
  // By this host's clock the daily sweep is due. Two sweeps then miss the removed ticket.
  const second = await startTextApp({ sandbox, env: tables });
  try {
    expect((await second.call("POST", "/reconcile/tickets")).body).toMatchObject({
      mode: "sweep",
      added: 1,
      deleted: 1,
      recovered: 1,
    });
    await comesToNothing(second, there[0]);
    const { items } = (await second.call("GET", "/events?type=ticket_created")).body;
    expect(items.map(({ ticketId }: { ticketId: string }) => ticketId)).toEqual(["V2TOLD", ID]);
    const stored = (await second.call("GET", "/stored/tickets?limit=100&deleted=false")).body.items;
    const count = (api: string) => stored.filter((ticket: { api: string }) => ticket.api === api).length;
    expect([count("v2"), count("text")]).toEqual([30, 20]);
    expect((await second.call("GET", "/stored/tickets?deleted=true")).body.items).toMatchObject([
      { id: there[1], api: "text" },
    ]);
    const [{ id, modified }] = stored;
    const since = async (time: string) =>
      (await second.call("GET", `/stored/tickets?modified_since=${time}`)).body.items;
    expect((await since(modified)).map((ticket: { id: string }) => ticket.id)).toContain(id);
    expect(await since(new Date(Date.parse(modified) + 3_600_000).toISOString())).toEqual([]);
  } finally {
    await second.stop();
  }
});

test("an erasure lists a waiting ticket as undecided until the ticket is in the log", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const env = newTables();
  const first = await startTextApp({ sandbox, env });
  const { ID } = sandbox.helpDesk.desk.create(asked, { silently: true });
  sandbox.faults.plan({ do: "answer", status: 503, path: `/helpdesk/v1/tickets/${ID}`, times: 100 });
  await announce(first, ID);
  const erase = (app: Host) => app.call("POST", "/erasures", { email: "vera@example.com" });
  expect((await erase(first)).body).toMatchObject({ erased: 0, undecided: [{ place: "arrivals", id: ID }] });
  await first.stop();
  sandbox.faults.clear();

  const second = await startTextApp({ sandbox, env: { ...env, ...ahead(50) } });
  try {
    await runTimer(second, "ArrivalsTimer");
    await untilLogged(second, ID);
    expect((await erase(second)).body).toEqual({ erased: 1, done: true, undecided: [] });
    expect((await announce(second, ID)).body.status).toBe("duplicate");
    const items = await eventsOf(second, ID);
    expect(JSON.stringify(items)).not.toContain("vera@example.com");
  } finally {
    await second.stop();
  }
});

test("during a change of the webhook password only the old and the new are accepted", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const { desk, webhooks } = sandbox.helpDesk;
  const env = { ...newTables(), WEBHOOK_BASE_URL: "http://127.0.0.1:9" };
  const rotated = {
    LIVECHAT_WEBHOOK_PASSWORD: "the-new-password",
    LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS: WEBHOOK.password,
  };
  const keys = () => [...webhooks.values()].map(({ url }) => new URL(url).searchParams.get("key"));
  const withKey = async (app: Host, key: string) => {
    const payload = { ID: desk.create(asked, { silently: true }).ID };
    return (await app.call("POST", receiver(key), { payload })).status;
  };
  const first = await startTextApp({ sandbox, env });
  await first.call("POST", "/registration");
  expect(keys()).toEqual([WEBHOOK.password]);
  await first.stop();

  const second = await startTextApp({ sandbox, env: { ...env, ...rotated } });
  expect(
    await Promise.all(["the-new-password", WEBHOOK.password, "x"].map((key) => withKey(second, key))),
  ).toEqual([200, 200, 401]);
  expect((await second.call("POST", "/registration")).body).toMatchObject({ created: 3, removed: 3 });
  expect(keys()).toEqual(["the-new-password"]);
  await second.stop();

  const third = await startTextApp({
    sandbox,
    env: { ...env, LIVECHAT_WEBHOOK_PASSWORD: "the-new-password" },
  });
  expect(await Promise.all([WEBHOOK.password, "the-new-password"].map((key) => withKey(third, key)))).toEqual(
    [401, 200],
  );
  await third.stop();
});

test("while HelpDesk throttles, its calls are 429 and an announced ticket waits", async () => {
  await using sandbox = await startTextSandbox(roomy);
  const env = newTables();
  const first = await startTextApp({ sandbox, env });
  const { ID } = sandbox.helpDesk.desk.create(asked, { silently: true });
  sandbox.helpDesk.throttle.set({ limit: 0, window: 45_000 });
  const listed = await first.call("GET", "/tickets");
  expect(listed.status).toBe(429);
  expect(Number(listed.headers.get("retry-after"))).toBeGreaterThan(25);
  expect((await announce(first, ID)).body.status).toBe("stored");
  expect((await first.call("GET", "/agents")).status).toBe(200);
  await first.stop();

  sandbox.helpDesk.throttle.set({ limit: 1_000 });
  const second = await startTextApp({ sandbox, env: { ...env, ...ahead(50) } });
  try {
    await runTimer(second, "ArrivalsTimer");
    await untilLogged(second, ID);
  } finally {
    await second.stop();
  }
});
