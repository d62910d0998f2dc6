import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import { callerOf, clockAt } from "./caller.ts";

const HOUR = 60 * 60 * 1000;
const START = "2026-03-10T12:00:00.500Z";
const SECONDS = Math.floor(Date.parse(START) / 1000);

type Ticket = { id: string; [field: string]: unknown };
type Page = { pages: number; total: number; tickets: Ticket[] };

let clock: ReturnType<typeof clockAt>;
let sandbox: Sandbox;
let call: ReturnType<typeof callerOf>;

beforeEach(async () => {
  clock = clockAt(START);
  sandbox = await startSandbox({ now: clock.now, throttle: { limit: 1_000_000 } });
  call = callerOf(sandbox);
});
afterEach(() => sandbox.close());

const someone = { mail: "visitor@example.com" };

function create(more: object = {}) {
  return sandbox.tickets.create({ message: "Help", requester: someone, ...more });
}

async function list(query = ""): Promise<Page> {
  const { status, body } = await call(`GET /tickets${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as Page;
}

async function ids(query: string) {
  return (await list(query)).tickets.map(({ id }) => id);
}

describe("one ticket", () => {
  test("a ticket is created with LiveChat's defaults and times in epoch seconds", async () => {
    const { body } = await call("POST /tickets", { json: { message: "Help", requester: someone } });

    const { tickets } = body as Page;
    expect(tickets).toEqual([
      {
        id: expect.stringMatching(/^[0-9A-Z]{5}$/),
        subject: "(no subject)",
        status: "open",
        requester: { mail: "visitor@example.com", name: null, ip: null },
        assignee: null,
        source: { type: "lc2", url: null, id: null },
        tags: [],
        groups: [{ id: 0, name: "All operators" }],
        currentGroup: { id: 0, name: "All operators" },
        events: [
          {
            type: "message",
            date: SECONDS,
            author: { id: "visitor@example.com", type: "client" },
            is_private: false,
            message: "Help",
            source: { type: "lc2" },
          },
        ],
        date: SECONDS,
        modified: SECONDS,
        opened: [{ from: SECONDS, to: null }],
        firstResponse: {},
        rate: "not_rated",
        ccs: [],
      },
    ]);
    expect(await call(`GET /tickets/${tickets[0]?.id}`)).toMatchObject({ status: 200, body });
  });

  test("a ticket is created by a form with all fields", async () => {
    const form = [
      "message=Help&subject=Order&requester[mail]=visitor@example.com&requester[name]=Vis",
      "assignee[id]=sam@example.com&source[type]=chat-window&source[url]=https://shop.example.com&group[]=1&group[]=3",
    ].join("&");

    const { body } = await call("POST /tickets", { form });

    expect(body).toMatchObject({
      tickets: [
        {
          subject: "Order",
          requester: { mail: "visitor@example.com", name: "Vis" },
          assignee: { id: "sam@example.com", name: "Sam Support" },
          source: { type: "chat-window", url: "https://shop.example.com" },
          groups: [
            { id: 1, name: "Sales" },
            { id: 3, name: "Support" },
          ],
          currentGroup: { id: 1 },
          events: [{ type: "message" }, { type: "assignee_changed", to: { id: "sam@example.com" } }],
        },
      ],
    });
  });

  test.each([
    ["message", { requester: someone }],
    ["requester", { message: "Help" }],
    ["requester.mail", { message: "Help", requester: { mail: "nobody" } }],
    ["assignee.id", { message: "Help", requester: someone, assignee: { id: "nobody@example.com" } }],
    ["source.type", { message: "Help", requester: someone, source: { type: "facebook" } }],
    [
      "source",
      { message: "Help", requester: someone, source: { type: "mail", url: "https://shop.example.com" } },
    ],
    ["group", { message: "Help", requester: someone, group: [99] }],
  ])("a new ticket with a wrong %s is a 400", async (field, json) => {
    const { status, body } = await call("POST /tickets", { json });

    expect({ status, body }).toEqual({
      status: 400,
      body: { errors: [expect.stringContaining(`${field}:`)] },
    });
    expect(sandbox.tickets.size).toBe(0);
  });

  test("PUT /tickets/<id>/tags changes the tags and ignores other fields", async () => {
    const { id } = create();
    clock.pass(HOUR);

    const { body } = await call(`PUT /tickets/${id}/tags`, {
      json: {
        tag: ["vip", "late"],
        subject: "Another",
        message: "More",
        requester: { mail: "other@example.com" },
      },
    });

    expect(body).toMatchObject({
      tickets: [
        {
          id,
          tags: ["vip", "late"],
          subject: "(no subject)",
          requester: { mail: "visitor@example.com" },
          modified: SECONDS + 3600,
          events: [{ type: "message" }, { type: "tags_changed", from: [], to: ["vip", "late"] }],
        },
      ],
    });
  });

  test("PUT /tickets/<id>/tags without a difference does not change modified", async () => {
    const { id } = create();
    clock.pass(HOUR);

    const { body } = await call(`PUT /tickets/${id}/tags`, { json: { subject: "Another" } });

    expect(body).toMatchObject({ tickets: [{ id, modified: SECONDS }] });
  });

  test("PUT /tickets/<id>/tags changes all fields with the variant updates=everything", async () => {
    sandbox.variants.updates = "everything";
    const { id } = create();

    const { body } = await call(`PUT /tickets/${id}/tags`, {
      json: {
        tag: "vip",
        subject: "Another",
        message: "More",
        status: "solved",
        group: 3,
        requester: { mail: "other@example.com" },
        assignee: { id: "sam@example.com" },
      },
    });

    expect(body).toMatchObject({
      tickets: [
        {
          ...{
            id,
            tags: ["vip"],
            subject: "Another",
            status: "solved",
            groups: [{ id: 3, name: "Support" }],
          },
          requester: { mail: "other@example.com" },
          firstResponse: { agent: { id: "api" } },
          opened: [{ from: SECONDS, to: SECONDS }],
          events: [
            { type: "message" },
            { type: "assignee_changed" },
            { type: "message", author: { type: "agent" }, message: "More" },
            { type: "tags_changed" },
            { type: "status_changed", from: "open", to: "solved" },
          ],
        },
      ],
    });
  });

  test("a ticket has the shape of the chosen variants", async () => {
    const { id } = create();
    Object.assign(sandbox.variants, { ticket: "bare", times: "iso", absent: "missing", extras: false });

    const { body } = await call(`GET /tickets/${id}`);

    expect(body).toMatchObject({ id, date: START, modified: START, opened: [{ from: START }] });
    for (const field of ["assignee", "rate", "ccs"]) expect(body).not.toHaveProperty(field);
    expect(body).toHaveProperty("source", { type: "lc2" });
    expect(body).toHaveProperty("requester", { mail: "visitor@example.com" });
  });
});

describe("the list", () => {
  test("the list has 25 tickets a page, the last modified first", async () => {
    sandbox.tickets.fill(60);
    const expected = [...sandbox.tickets].map(({ id }) => id).reverse();

    const pages = [await list(), await list("?page=2"), await list("?page=3"), await list("?page=4")];

    expect(pages.map(({ pages, total, tickets }) => [pages, total, tickets.length])).toEqual([
      [3, 60, 25],
      [3, 60, 25],
      [3, 60, 10],
      [3, 60, 0],
    ]);
    expect(pages.flatMap(({ tickets }) => tickets.map(({ id }) => id))).toEqual(expected);
  });

  test("the list with order=asc has the oldest modification first", async () => {
    sandbox.tickets.fill(30);

    const ascending = [...(await ids("?order=asc")), ...(await ids("?order=asc&page=2"))];

    expect(ascending).toEqual([...sandbox.tickets].map(({ id }) => id));
  });

  test("a changed ticket becomes the first of the list", async () => {
    const [first, second, third] = [create().id, create().id, create().id];
    clock.pass(HOUR);
    sandbox.tickets.change(second, { message: "And another thing", by: "client" });
    expect(await ids("")).toEqual([second, third, first]);
  });

  test("a removed ticket is a 404 and not in the list", async () => {
    const [first, second] = [create().id, create().id];
    sandbox.tickets.remove(second);
    expect(await ids("")).toEqual([first]);
    expect(await call(`GET /tickets/${second}`)).toMatchObject({ status: 404 });
  });

  test("an activity of an earlier time does not change modified", async () => {
    const { id } = create();

    sandbox.tickets.change(id, { message: "From an old mail" }, { at: clock.now() - HOUR });

    expect(await list()).toMatchObject({ tickets: [{ modified: SECONDS }] });
  });

  test("groups in the list are ids, or objects with the variant listGroups=objects", async () => {
    create({ group: [0, 3] });
    expect(await list()).toMatchObject({ tickets: [{ groups: [0, 3] }] });

    sandbox.variants.listGroups = "objects";
    expect(await list()).toMatchObject({ tickets: [{ groups: [{ id: 0 }, { id: 3, name: "Support" }] }] });
  });

  describe("filters", () => {
    let plain: string;
    let special: string;

    beforeEach(() => {
      plain = create().id;
      special = create({
        subject: "Broken chair",
        requester: { mail: "carpenter@example.com" },
        group: [3],
        assignee: { id: "sam@example.com" },
        source: { type: "mail" },
      }).id;
      sandbox.tickets.change(special, { tag: ["furniture"], status: "pending" });
    });

    test.each([
      ["status=pending", "status=open"],
      ["assigned=1", "assigned=0"],
      ["assignee=sam@example.com", undefined],
      ["query=CHAIR", undefined],
      ["query=carpenter", "query=visitor@"],
      ["requester[mail]=carpenter@example.com", "requester%5Bmail%5D=visitor%40example.com"],
      ["group=3", "group=0"],
      ["source=mail", "source=lc2"],
      ["tag=furniture", undefined],
      ["tagged=1", "tagged=0"],
    ])("the list is filtered by %s", async (forSpecial, forPlain) => {
      expect(await ids(`?${forSpecial}`)).toEqual([special]);
      if (forPlain) expect(await ids(`?${forPlain}`)).toEqual([plain]);
    });

    test("the list is filtered by several filters at once", async () => {
      expect(await ids("?status=pending&tag=furniture&group=3")).toEqual([special]);
      expect(await ids("?status=pending&tag=furniture&group=1")).toEqual([]);
    });
  });

  test("the list is filtered by the UTC days of any activity, both included", async () => {
    const at = (time: string) => ({ at: Date.parse(time) });
    const early = sandbox.tickets.create(
      { message: "1", requester: someone },
      at("2026-03-01T23:59:59.999Z"),
    ).id;
    const late = sandbox.tickets.create(
      { message: "2", requester: someone },
      at("2026-03-02T00:00:00.000Z"),
    ).id;
    sandbox.tickets.change(early, { message: "3" }, at("2026-03-05T12:00:00Z"));
    sandbox.tickets.change(early, { message: "4" }, at("2026-03-08T12:00:00Z"));

    expect(await ids("?date_from=2026-03-02")).toEqual([early, late]);
    expect(await ids("?date_to=2026-03-01")).toEqual([early]);
    expect(await ids("?date_from=2026-03-02&date_to=2026-03-02")).toEqual([late]);
    expect(await ids("?date_from=2026-03-03&date_to=2026-03-04")).toEqual([]);
    expect(await ids("?date_from=2026-03-05&date_to=2026-03-05")).toEqual([early]);
    expect(await ids("?date_from=2026-03-09")).toEqual([]);
  });

  test.each([
    "page=0",
    "page=x",
    "order=up",
    "status=new",
    "assigned=yes",
    "date_from=01-02-2026",
    "source=fax",
  ])("a list with %s is a 400", async (query) => {
    const field = query.split("=")[0];

    expect(await call(`GET /tickets?${query}`)).toMatchObject({
      status: 400,
      body: { errors: [expect.stringContaining(`${field}:`)] },
    });
  });

  test("the list has each ticket once and in order after any changes", async () => {
    const when = fc.integer({ min: 0, max: 50 }).map((minutes) => clock.now() + minutes * 60_000);
    const step = fc.record({
      what: fc.constantFrom("create", "change", "remove"),
      at: when,
      which: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        await using other = await startSandbox({ now: clock.now });
        const { tickets } = other;
        for (const { what, at, which } of steps) {
          const chosen = [...tickets][which % Math.max(1, tickets.size)];
          if (what === "create" || !chosen) tickets.create({ message: "Help", requester: someone }, { at });
          else if (what === "change") tickets.change(chosen.id, { message: "More" }, { at });
          else tickets.remove(chosen.id);
        }

        const { total, pages } = tickets.page({ order: "desc" }, 1);
        const listed = Array.from(
          { length: pages },
          (_, page) => tickets.page({ order: "desc" }, page + 1).tickets,
        );

        const times = listed.flat().map(({ modified }) => modified);
        expect(times).toEqual(times.toSorted((a, b) => b - a));
        expect(new Set(listed.flat())).toEqual(new Set(tickets));
        expect(listed.flat()).toHaveLength(total);
      }),
      { numRuns: 50 },
    );
  });
});

test("ids do not repeat, also not in a sandbox that starts later", async () => {
  const first = sandbox.tickets.fill(1000).map(({ id }) => id);
  clock.pass(2 * HOUR);
  await using later = await startSandbox({ now: clock.now });
  const second = later.tickets.fill(1000).map(({ id }) => id);

  expect(new Set([...first, ...second]).size).toBe(2000);
});
