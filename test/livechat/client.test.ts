import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NotFound } from "../../shared/core/errors.ts";
import { path } from "../../shared/livechat/call.ts";
import type { CallAttempt } from "../../shared/livechat/live-chat.ts";
import { answer, connect, failureOf, KEY, startUpstream, USERNAME } from "./upstream.ts";

const TICKET = { id: "T1", date: 1408356305, subject: "Help", groups: [0, 3], source: { url: null } };
const AS_READ = {
  id: "T1",
  date: "2014-08-18T10:05:05.000Z",
  subject: "Help",
  groups: [{ id: 0 }, { id: 3 }],
  source: {},
};
const WEBHOOK = {
  id: 7,
  licence: 1,
  event_type: "chat_ended",
  data_types: ["chat"],
  url: "https://u:p@example.com/hook",
  verified: true,
  token: "s3cr3t",
};
const WEBHOOK_AS_READ = {
  id: "7",
  licence: "1",
  event_type: "chat_ended",
  data_types: ["chat"],
  url: "https://u:p@example.com/hook",
  verified: true,
};

const EXPECTED_CALLS: Record<
  string,
  {
    call(liveChat: ReturnType<typeof connect>): Promise<unknown>;
    sent: string;
    body?: unknown;
    answered: unknown;
    read: unknown;
  }
> = {
  "listAgents lists agents": {
    call: (liveChat) => liveChat.listAgents(),
    sent: "GET /agents",
    answered: [{ login: "a@example.com", name: "A", plan: "pro" }],
    read: [{ login: "a@example.com", name: "A", plan: "pro" }],
  },
  "listAgents lists agents of one status": {
    call: (liveChat) => liveChat.listAgents({ status: "not accepting chats" }),
    sent: "GET /agents?status=not+accepting+chats",
    answered: [],
    read: [],
  },
  "createAgent creates an agent": {
    call: (liveChat) =>
      liveChat.createAgent({ login: "a@example.com", name: "A", max_chats_count: 6, groups: [1] }),
    sent: "POST /agents",
    body: { login: "a@example.com", name: "A", max_chats_count: 6, groups: [1] },
    answered: { login: "a@example.com", name: "A", max_chats_count: "6", last_logout: null },
    read: { login: "a@example.com", name: "A", max_chats_count: 6, last_logout: null },
  },
  "deleteAgent deletes an agent": {
    call: (liveChat) => liveChat.deleteAgent("a+b@example.com"),
    sent: "DELETE /agents/a%2Bb%40example.com",
    answered: { result: "a+b@example.com removed successfully" },
    read: { result: "a+b@example.com removed successfully" },
  },
  "deleteAgent accepts an empty answer": {
    call: (liveChat) => liveChat.deleteAgent("a@example.com"),
    sent: "DELETE /agents/a%40example.com",
    answered: undefined,
    read: { result: "a@example.com removed successfully" },
  },
  "findTickets sends every filter": {
    call: (liveChat) =>
      liveChat.findTickets(
        {
          date_from: "2026-01-01",
          date_to: "2026-01-31",
          order: "asc",
          status: "open",
          assigned: "1",
          assignee: "a@example.com",
          query: "50% off & more",
          "requester[mail]": "r+1@example.com",
          group: 0,
          source: "lc2",
          tag: "vip",
          tagged: "0",
        },
        { page: 2, skip: 0, limit: 1 },
      ),
    sent:
      "GET /tickets?date_from=2026-01-01&date_to=2026-01-31&order=asc&status=open&assigned=1" +
      "&assignee=a%40example.com&query=50%25+off+%26+more&requester%5Bmail%5D=r%2B1%40example.com&group=0" +
      "&source=lc2&tag=vip&tagged=0&page=2",
    answered: { pages: 3, total: 51, tickets: [TICKET] },
    read: { pages: 3, total: 51, tickets: [AS_READ], next: { page: 3, skip: 0 } },
  },
  "findTickets without filters sends none": {
    call: (liveChat) => liveChat.findTickets({ status: undefined }, { page: 1, skip: 0, limit: 25 }),
    sent: "GET /tickets?page=1",
    answered: { pages: 0, total: 0, tickets: [] },
    read: { pages: 0, total: 0, tickets: [] },
  },
  "getTicket reads a bare ticket": {
    call: (liveChat) => liveChat.getTicket("T1"),
    sent: "GET /tickets/T1",
    answered: TICKET,
    read: AS_READ,
  },
  "getTicket reads a ticket in a list": {
    call: (liveChat) => liveChat.getTicket("T1"),
    sent: "GET /tickets/T1",
    answered: { tickets: [TICKET] },
    read: AS_READ,
  },
  "createTicket creates a ticket": {
    call: (liveChat) => liveChat.createTicket({ message: "Grüße 🦄", requester: { mail: "r@example.com" } }),
    sent: "POST /tickets",
    body: { message: "Grüße 🦄", requester: { mail: "r@example.com" } },
    answered: { tickets: [TICKET] },
    read: AS_READ,
  },
  "updateTicket sends all fields": {
    call: (liveChat) => liveChat.updateTicket("T1", { tag: ["vip"], subject: "New" }),
    sent: "PUT /tickets/T1/tags",
    body: { tag: ["vip"], subject: "New" },
    answered: TICKET,
    read: AS_READ,
  },
  "listWebhooks leaves out tokens": {
    call: (liveChat) => liveChat.listWebhooks(),
    sent: "GET /webhooks",
    answered: { events: [WEBHOOK] },
    read: [WEBHOOK_AS_READ],
  },
  "createWebhook creates a webhook": {
    call: (liveChat) =>
      liveChat.createWebhook({
        event_type: "chat_ended",
        data_types: ["chat"],
        url: "https://example.com/hook",
        secret: "unused",
      }),
    sent: "POST /webhooks",
    body: { event_type: "chat_ended", data_types: ["chat"], url: "https://example.com/hook" },
    answered: { events: [WEBHOOK] },
    read: WEBHOOK_AS_READ,
  },
  "deleteWebhook deletes a webhook": {
    call: (liveChat) => liveChat.deleteWebhook("7"),
    sent: "DELETE /webhooks/7",
    answered: { result: "Removed" },
    read: { result: "Removed" },
  },
};

describe("calls", () => {
  it.each(Object.entries(EXPECTED_CALLS))(
    "%s by one request with credentials and version",
    async (_, { call, sent, body, answered, read }) => {
      const { url, arrivals } = await startUpstream((response) => answer(response, 200, answered));

      expect(await call(connect(url))).toEqual(read);

      expect(arrivals).toHaveLength(1);
      const [arrival] = arrivals;
      expect(`${arrival?.method} ${arrival?.url}`).toBe(sent);
      expect(arrival?.headers.authorization).toBe(
        `Basic ${Buffer.from(`${USERNAME}:${KEY}`).toString("base64")}`,
      );
      expect(arrival?.headers["x-api-version"]).toBe("2");
      expect(arrival?.headers.accept).toBe("application/json");
      expect(arrival?.body).toBe(body === undefined ? "" : JSON.stringify(body));
      expect(arrival?.headers["content-type"]).toBe(body === undefined ? undefined : "application/json");
    },
  );

  it("only a call with a token of Frankfurt has a region in its header", async () => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 200, []));
    for (const apiKey of ["fra:abcd", "dal:abcd", "abcd"]) await connect(url, { apiKey }).listAgents();
    expect(arrivals.map(({ headers }) => headers["x-region"])).toEqual(["fra", undefined, undefined]);
  });

  it("a call to a base URL with a path keeps the path", async () => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 200, []));
    await connect(`${url}/through/here`).listAgents();
    expect(arrivals[0]?.url).toBe("/through/here/agents");
  });

  it("a call sends its credentials in UTF-8 (RFC 7617)", async () => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 200, []));
    await connect(url, { username: "jürgen@example.com", apiKey: "schlüssel" }).listAgents();
    const sent = Buffer.from(arrivals[0]?.headers.authorization?.slice("Basic ".length) ?? "", "base64");
    expect(sent.toString()).toBe("jürgen@example.com:schlüssel");
  });

  it("each attempt is observed with its facts and without personal data", async () => {
    const attempts: CallAttempt[] = [];
    const { url } = await startUpstream((response, _, nth) =>
      nth === 1 ? answer(response, 503, {}) : answer(response, 200, TICKET),
    );
    await connect(url, { observe: (attempt) => attempts.push(attempt), random: () => 0 }).getTicket("SECRET");
    expect(attempts).toEqual([
      {
        method: "GET",
        route: "tickets/{}",
        status: 503,
        error: "UpstreamFailed",
        retries: 0,
        waited: expect.any(Number),
        duration: expect.any(Number),
      },
      {
        method: "GET",
        route: "tickets/{}",
        status: 200,
        error: undefined,
        retries: 1,
        waited: expect.any(Number),
        duration: expect.any(Number),
      },
    ]);
  });

  it("an aborted call ends its request and throws its signal's reason", async () => {
    const aborting = new AbortController();
    const gone = Promise.withResolvers<void>();
    const { url } = await startUpstream((response) => {
      response.on("close", gone.resolve);
      aborting.abort(new Error("the caller left"));
    });
    const error = await failureOf(connect(url).getTicket("T1", { signal: aborting.signal }));
    expect(error.message).toBe("the caller left");
    await gone.promise;
  });
});

describe("ids and logins in paths", () => {
  const hostile = [
    "",
    ".",
    "..",
    "../agents",
    "a/../../agents",
    "..\\agents",
    "/",
    "a//b",
    "x/..",
    "\ud800",
    "a\udfffb",
  ];

  it.each(hostile)("an id or login %j is NotFound without a request", async (id) => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 200, TICKET));
    const liveChat = connect(url);
    expect(await failureOf(liveChat.getTicket(id))).toBeInstanceOf(NotFound);
    expect(await failureOf(liveChat.updateTicket(id, { tag: [] }))).toBeInstanceOf(NotFound);
    expect(await failureOf(liveChat.deleteAgent(id))).toBeInstanceOf(NotFound);
    expect(arrivals).toEqual([]);
  });

  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({
      unit: fc.constantFrom("a", ".", "/", "\\", "%", "2", "F", "e", "?", "#", "\0", "\n", "é", "🦄"),
      maxLength: 8,
    }),
  );

  it("an id with any content stays one segment of its route, or is refused", () => {
    fc.assert(
      fc.property(anything, (id) => {
        let address: ReturnType<typeof path>;
        try {
          address = path`tickets/${id}/tags`;
        } catch (error) {
          expect(error).toBeInstanceOf(NotFound);
          return;
        }
        const { pathname, search, hash } = new URL(address.path, "https://api.example.com");
        const [empty, route, segment = "", tags, ...more] = pathname.split("/");
        expect([empty, route, decodeURIComponent(segment), tags, more]).toEqual([
          "",
          "tickets",
          id,
          "tags",
          [],
        ]);
        expect([search, hash]).toEqual(["", ""]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("an id with special characters arrives unchanged", async () => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 200, TICKET));
    const liveChat = connect(url);
    const ids = [
      "5H6CF",
      "a/b",
      "a b",
      "..a",
      "%2F..%2F",
      "%2e%2e",
      "?x#y",
      "é🦄",
      "a\0\nb",
      "http:elsewhere",
    ];
    for (const id of ids) await liveChat.getTicket(id);
    expect(arrivals.map((arrival) => decodeURIComponent(arrival.url.slice("/tickets/".length)))).toEqual(ids);
    for (const arrival of arrivals) expect(arrival.url).toMatch(/^\/tickets\/[^/?#]+$/);
  });
});
