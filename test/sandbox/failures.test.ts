import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../local/sandbox/faults.ts";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import { callerOf, clockAt } from "./caller.ts";

const SECOND = 1000;
const START = "2026-03-10T12:00:00.500Z";

let clock: ReturnType<typeof clockAt>;
let sandbox: Sandbox;
let call: ReturnType<typeof callerOf>;

beforeEach(async () => {
  clock = clockAt(START);
  sandbox = await startSandbox({ now: clock.now });
  call = callerOf(sandbox);
});
afterEach(() => sandbox.close());

const aTicket = { message: "Help", requester: { mail: "visitor@example.com" } };

/** Makes a call, and aborts it once the sandbox has received it. */
async function abortOnArrival(route: string, json?: object): Promise<void> {
  const caller = new AbortController();
  const calling = call(route, { json, signal: caller.signal });
  calling.catch(() => {});
  await expect.poll(() => sandbox.calls.count, { timeout: 10_000 }).toBe(1);
  caller.abort();
  await calling.catch(() => {});
}

describe("the throttle", () => {
  /** The sorted statuses of parallel calls, because they arrive in any order. */
  const calls = async (count: number) => {
    const replies = await Promise.all(Array.from({ length: count }, () => call("GET /agents")));
    return replies.map(({ status }) => status).sort();
  };

  test("the throttle answers 429 with Retry-After after 100 calls in 60 seconds", async () => {
    expect(new Set(await calls(100))).toEqual(new Set([200]));
    clock.pass(20.5 * SECOND);

    const { status, headers, body } = await call("GET /agents");

    expect({ status, body }).toEqual({ status: 429, body: { error: "Too many requests" } });
    expect(headers.get("retry-after")).toBe("40");
    clock.pass(39.4 * SECOND);
    expect(await call("GET /agents")).toMatchObject({ status: 429 });
    clock.pass(0.1 * SECOND);
    expect(new Set(await calls(100))).toEqual(new Set([200]));
  });

  test("the throttle allows at most the limit in each window, whenever it begins", async () => {
    await call("PUT /sandbox/throttle", { json: { limit: 3, window: SECOND } });

    expect(await calls(2)).toEqual([200, 200]);
    clock.pass(0.6 * SECOND);
    expect(await calls(2)).toEqual([200, 429]);
    clock.pass(0.6 * SECOND);
    expect(await calls(3)).toEqual([200, 200, 429]);
  });

  test("the throttle counts calls by their credentials, without refused calls", async () => {
    sandbox.throttle.set({ limit: 1 });
    const bearer = { authorization: `Bearer ${sandbox.credentials.apiKey}` };

    expect(await calls(3)).toEqual([200, 429, 429]);
    expect(await call("GET /agents", { headers: bearer })).toMatchObject({ status: 200 });
  });

  test("a 429 of the throttle has a date in Retry-After, or no Retry-After", async () => {
    sandbox.throttle.set({ limit: 0, retryAfter: "date" });
    const { headers } = await call("GET /agents");
    expect(headers.get("retry-after")).toBe("Tue, 10 Mar 2026 12:01:01 GMT");

    sandbox.throttle.set({ retryAfter: "none" });
    const reply = await call("GET /agents");
    expect(reply.status).toBe(429);
    expect(reply.headers.has("retry-after")).toBe(false);
  });
});

test.each<[string, Fault, object]>([
  ["JSON", { do: "answer", status: 500, body: { error: "Oops" } }, { status: 500, body: { error: "Oops" } }],
  ["a list", { do: "answer", status: 400, body: ["Oops"] }, { status: 400, body: ["Oops"] }],
  ["text", { do: "answer", status: 503, body: "Try later" }, { status: 503, body: "Try later" }],
  [
    "HTML",
    { do: "answer", status: 502, body: "<h1>Bad gateway</h1>" },
    { status: 502, body: "<h1>Bad gateway</h1>" },
  ],
  ["nothing", { do: "answer", status: 200 }, { status: 200, body: "" }],
])("a planned fault answers one call with %s", async (_, fault, expected) => {
  sandbox.faults.plan(fault);

  expect(await call("GET /agents")).toMatchObject(expected);
  expect(await call("GET /agents")).toMatchObject({ status: 200, body: expect.any(Array) });
});

test.each(["3", "0.5", "Tue, 10 Mar 2026 12:01:01 GMT", "soon"])(
  "a planned fault answers 429 with Retry-After %s",
  async (value) => {
    await call("POST /sandbox/faults", {
      json: { do: "answer", status: 429, headers: { "Retry-After": value } },
    });

    const { status, headers } = await call("GET /agents");

    expect([status, headers.get("retry-after")]).toEqual([429, value]);
  },
);

test("a stalled call has no answer until the caller ends it", async () => {
  sandbox.faults.plan({ do: "stall" });

  await abortOnArrival("GET /agents");

  expect(sandbox.calls.list).toMatchObject([{ status: null }]);
});

test("a dropped call is not carried out", async () => {
  sandbox.faults.plan({ do: "drop" });

  await expect(call("POST /tickets", { json: aTicket })).rejects.toThrow("fetch failed");
  expect(sandbox.tickets.size).toBe(0);
});

test.each<Fault>([
  { do: "drop", committed: true },
  { do: "stall", committed: true },
  { do: "answer", status: 500, committed: true },
  { do: "cut" },
])("a call is carried out before the fault %o", async (fault) => {
  sandbox.faults.plan(fault);

  await abortOnArrival("POST /tickets", aTicket);

  expect(sandbox.tickets.size).toBe(1);
});

test("a cut answer ends in the middle of its body", async () => {
  sandbox.faults.plan({ do: "cut" });
  const socket = connect(Number(new URL(sandbox.url).port), "127.0.0.1");
  const { username, apiKey } = sandbox.credentials;
  const lines = [
    "GET /agents HTTP/1.1",
    "Host: sandbox",
    `Authorization: Basic ${btoa(`${username}:${apiKey}`)}`,
  ];
  socket.write([...lines, "X-API-Version: 2", "", ""].join("\r\n"));

  const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");

  const announced = Number(/content-length: (\d+)/i.exec(head)?.[1]);
  expect(head).toContain("200 OK");
  expect(body.length).toBe(Math.floor(announced / 2));
  expect(announced).toBeGreaterThan(100);
});

test("a slow answer sends the second half of its body after the pause", async () => {
  sandbox.faults.plan({ do: "slow", pause: 60_000 }, { do: "slow", pause: 1 });

  await abortOnArrival("GET /agents");

  expect(await call("GET /agents")).toMatchObject({ status: 200, body: expect.any(Array) });
});

test("a short page has the first of its tickets, an empty page has none", async () => {
  sandbox.tickets.fill(30);
  sandbox.faults.plan({ do: "short-page", keep: 2 }, { do: "no-tickets" });

  const [short, empty, whole] = [
    await call("GET /tickets"),
    await call("GET /tickets"),
    await call("GET /tickets"),
  ];

  expect(short.body).toMatchObject({ pages: 2, total: 30, tickets: [{}, {}] });
  expect(empty.body).toEqual({ pages: 0, total: 0, tickets: [] });
  expect(whole.body).toMatchObject({ total: 30, tickets: { length: 25 } });
});

test("planned faults end the calls of their method and path, in order", async () => {
  await call("POST /sandbox/faults", {
    json: [
      { do: "answer", status: 501, method: "POST", path: "/tickets" },
      { do: "answer", status: 502, path: "/tickets", times: 2 },
      { do: "answer", status: 503 },
    ],
  });

  const statuses: number[] = [];
  for (const route of ["GET /tickets", "GET /agents", "POST /tickets", "GET /tickets", "GET /tickets"]) {
    statuses.push((await call(route)).status);
  }

  expect(statuses).toEqual([502, 503, 501, 502, 200]);
  expect(sandbox.faults.planned).toEqual([]);
});

test("planned faults can be listed and cleared", async () => {
  sandbox.faults.plan({ do: "drop", times: 5 });

  expect(await call("GET /sandbox/faults")).toMatchObject({ body: [{ do: "drop", times: 5 }] });
  expect(await call("DELETE /sandbox/faults")).toMatchObject({ status: 200, body: [] });
  expect(await call("GET /agents")).toMatchObject({ status: 200 });
});

test("invalid faults, variants and limits are a 400 and change nothing", async () => {
  expect(await call("POST /sandbox/faults", { json: { do: "explode" } })).toMatchObject({ status: 400 });
  expect(await call("PUT /sandbox/variants", { json: { times: "roman" } })).toMatchObject({ status: 400 });
  expect(await call("PUT /sandbox/throttle", { json: { limit: "many" } })).toMatchObject({ status: 400 });
  expect(await call("GET /sandbox")).toMatchObject({
    body: { faults: 0, limits: { limit: 100 }, variants: { times: "epoch" } },
  });
});

test("tickets are created silently, changed and removed over HTTP", async () => {
  const { body } = await call("POST /sandbox/tickets?silently=1", { json: aTicket });
  const { id } = body as { id: string };

  expect(await call(`PUT /sandbox/tickets/${id}`, { json: { status: "solved" } })).toMatchObject({
    body: { status: "solved" },
  });
  await call("PUT /sandbox/variants", { json: { ticket: "bare" } });
  expect(await call(`GET /tickets/${id}`)).toMatchObject({ body: { id, status: "solved" } });
  expect(await call(`DELETE /sandbox/tickets/${id}`)).toMatchObject({ status: 200 });
  expect(await call(`GET /tickets/${id}`)).toMatchObject({ status: 404 });
});
