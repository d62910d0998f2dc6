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

/** However the call ends, or does not: it came, and the caller is gone. */
async function giveUpOnceItArrived(route: string, json?: object): Promise<void> {
  const caller = new AbortController();
  const calling = call(route, { json, signal: caller.signal });
  calling.catch(() => {});
  await expect.poll(() => sandbox.calls.count, { timeout: 10_000 }).toBe(1);
  caller.abort();
  await calling.catch(() => {});
}

describe("the throttle", () => {
  const calls = async (count: number) => {
    const replies = await Promise.all(Array.from({ length: count }, () => call("GET /agents")));
    return replies.map(({ status }) => status);
  };

  test("lets 100 calls through in 60 seconds, then says when to come back", async () => {
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

  test("allows the limit in no window, wherever it begins", async () => {
    await call("PUT /sandbox/throttle", { json: { limit: 3, window: SECOND } });

    expect(await calls(2)).toEqual([200, 200]);
    clock.pass(0.6 * SECOND);
    expect(await calls(2)).toEqual([200, 429]);
    clock.pass(0.6 * SECOND);
    expect(await calls(3)).toEqual([200, 200, 429]);
  });

  test("counts each account's calls, without refused ones", async () => {
    sandbox.throttle.set({ limit: 1 });
    const bearer = { authorization: `Bearer ${sandbox.credentials.apiKey}` };

    expect(await calls(3)).toEqual([200, 429, 429]);
    expect(await call("GET /agents", { headers: bearer })).toMatchObject({ status: 200 });
  });

  test("tells the time to come back as a date, or not at all", async () => {
    sandbox.throttle.set({ limit: 0, retryAfter: "date" });
    const { headers } = await call("GET /agents");
    expect(headers.get("retry-after")).toBe("Tue, 10 Mar 2026 12:01:01 GMT");

    sandbox.throttle.set({ retryAfter: "none" });
    const reply = await call("GET /agents");
    expect(reply.status).toBe(429);
    expect(reply.headers.has("retry-after")).toBe(false);
  });
});

describe("faults", () => {
  test.each<[string, Fault, object]>([
    [
      "JSON",
      { do: "answer", status: 500, body: { error: "Oops" } },
      { status: 500, body: { error: "Oops" } },
    ],
    ["a list", { do: "answer", status: 400, body: ["Oops"] }, { status: 400, body: ["Oops"] }],
    ["text", { do: "answer", status: 503, body: "Try later" }, { status: 503, body: "Try later" }],
    [
      "HTML",
      { do: "answer", status: 502, body: "<h1>Bad gateway</h1>" },
      { status: 502, body: "<h1>Bad gateway</h1>" },
    ],
    ["nothing", { do: "answer", status: 200 }, { status: 200, body: "" }],
  ])("answer with %s", async (_, fault, expected) => {
    sandbox.faults.plan(fault);

    expect(await call("GET /agents")).toMatchObject(expected);
    expect(await call("GET /agents")).toMatchObject({ status: 200, body: expect.any(Array) });
  });

  test.each(["3", "0.5", "Tue, 10 Mar 2026 12:01:01 GMT", "soon"])(
    "answer 429 with Retry-After: %s",
    async (value) => {
      await call("POST /sandbox/faults", {
        json: { do: "answer", status: 429, headers: { "Retry-After": value } },
      });

      const { status, headers } = await call("GET /agents");

      expect([status, headers.get("retry-after")]).toEqual([429, value]);
    },
  );

  test("stall until the caller gives up", async () => {
    sandbox.faults.plan({ do: "stall" });

    await giveUpOnceItArrived("GET /agents");

    expect(sandbox.calls.list).toMatchObject([{ status: null }]);
  });

  test("drop the connection before anything is done", async () => {
    sandbox.faults.plan({ do: "drop" });

    await expect(call("POST /tickets", { json: aTicket })).rejects.toThrow("fetch failed");
    expect(sandbox.tickets.size).toBe(0);
  });

  test.each<Fault>([
    { do: "drop", committed: true },
    { do: "stall", committed: true },
    { do: "answer", status: 500, committed: true },
    { do: "cut" },
  ])("do what is asked and then fail: %o", async (fault) => {
    sandbox.faults.plan(fault);

    await giveUpOnceItArrived("POST /tickets", aTicket);

    expect(sandbox.tickets.size).toBe(1);
  });

  test("cut the connection in the middle of the body", async () => {
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

  test("send the second half of the body late", async () => {
    sandbox.faults.plan({ do: "slow", pause: 60_000 }, { do: "slow", pause: 1 });

    await giveUpOnceItArrived("GET /agents");

    expect(await call("GET /agents")).toMatchObject({ status: 200, body: expect.any(Array) });
  });

  test("hide tickets of a page, or all there are", async () => {
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

  test("wait for the calls they are for, and come in order", async () => {
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

  test("can be seen, and called off", async () => {
    sandbox.faults.plan({ do: "drop", times: 5 });

    expect(await call("GET /sandbox/faults")).toMatchObject({ body: [{ do: "drop", times: 5 }] });
    expect(await call("DELETE /sandbox/faults")).toMatchObject({ status: 200, body: [] });
    expect(await call("GET /agents")).toMatchObject({ status: 200 });
  });

  test("with invalid terms are refused", async () => {
    expect(await call("POST /sandbox/faults", { json: { do: "explode" } })).toMatchObject({ status: 400 });
    expect(await call("PUT /sandbox/variants", { json: { times: "roman" } })).toMatchObject({ status: 400 });
    expect(await call("PUT /sandbox/throttle", { json: { limit: "many" } })).toMatchObject({ status: 400 });
    expect(await call("GET /sandbox")).toMatchObject({
      body: { faults: 0, limits: { limit: 100 }, variants: { times: "epoch" } },
    });
  });
});

test("the account can be worked on over HTTP, as agents do in LiveChat's own app", async () => {
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
