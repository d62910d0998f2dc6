import { describe, expect, test } from "vitest";
import type { Calls } from "../../local/sandbox/calls.ts";
import type { Fault } from "../../local/sandbox/faults.ts";
import { startSandbox } from "../../local/sandbox/sandbox.ts";
import { startTextSandbox } from "../../local/sandbox/text/sandbox.ts";
import type { Limits } from "../../local/sandbox/throttle.ts";
import {
  NotFound,
  TooManyRequests,
  UpstreamFailed,
  UpstreamRefused,
  UpstreamTimeout,
} from "../../shared/core/errors.ts";
import type { CallAttempt, ConnectionOptions, LiveChat } from "../../shared/livechat/live-chat.ts";
import { createLiveChatText } from "../../shared/livechat/text/client.ts";
import { createLiveChatV2 } from "../../shared/livechat/v2/client.ts";
import { failureOf, useVirtualTime, virtually } from "./upstream.ts";

type Account = {
  connect(options?: Partial<ConnectionOptions> & { apiKey?: string }): LiveChat;
  /** A connection with access to tickets. */
  withTickets(): LiveChat;
  fail(...faults: Fault[]): void;
  limit(limits: Partial<Limits>): void;
  calls: Calls;
};

const quick = { rateLimit: 1_000, random: () => 0 };

const apis: Record<string, () => Promise<Account & AsyncDisposable>> = {
  v2: async () => {
    const sandbox = await startSandbox();
    return {
      connect: (options) =>
        createLiveChatV2({ url: sandbox.url, ...sandbox.credentials, ...quick, ...options }),
      withTickets: () => createLiveChatV2({ url: sandbox.url, ...sandbox.credentials, ...quick }),
      fail: (...faults) => void sandbox.faults.plan(...faults),
      limit: (limits) => void sandbox.throttle.set(limits),
      calls: sandbox.calls,
      [Symbol.asyncDispose]: () => sandbox.close(),
    };
  },
  ...Object.fromEntries(
    (["own", "one"] as const).map((statuses) => [
      statuses === "own" ? "Text" : "Text with one status for all errors",
      async (): Promise<Account & AsyncDisposable> => {
        const sandbox = await startTextSandbox({ variants: { statuses } });
        return {
          connect: (options) =>
            createLiveChatText({ url: sandbox.url, ...sandbox.credentials, ...quick, ...options }),
          withTickets: () =>
            createLiveChatText({
              url: sandbox.url,
              helpDeskUrl: sandbox.helpDesk.url,
              ...sandbox.credentials,
              ...quick,
            }),
          fail: (...faults) => void sandbox.faults.plan(...faults),
          limit: (limits) => void sandbox.throttle.set(limits),
          calls: sandbox.calls,
          [Symbol.asyncDispose]: () => sandbox.close(),
        };
      },
    ]),
  ),
};

/** Makes a call in virtual time, which also passes while the sandbox stalls an attempt. */
async function inVirtualTime<T>(
  account: Account,
  options: Partial<ConnectionOptions>,
  call: (liveChat: LiveChat) => Promise<T>,
): Promise<T> {
  let ended = 0;
  const observe = () => {
    ended += 1;
  };
  const liveChat = account.connect({ ...options, observe });
  return virtually(liveChat, call(liveChat), () => account.calls.list[ended]?.status === null);
}

/** The promises of each client to the rest of the app. */
describe.each(Object.entries(apis))("the client of %s", (_, start) => {
  test("agents are listed, created and removed", async () => {
    await using account = await start();
    const liveChat = account.connect();

    const before = await liveChat.listAgents();
    expect(before.map(({ login }) => login)).toEqual([
      "owner@example.com",
      "sam@example.com",
      "sally@example.com",
    ]);
    expect(before[1]).toMatchObject({ name: "Sam Support", permission: "normal", status: "accepting chats" });
    expect(before[0]?.avatar).toMatch(/\.png$/);
    expect((await liveChat.listAgents({ status: "not accepting chats" })).map(({ login }) => login)).toEqual([
      "sally@example.com",
    ]);

    const login = "ann+1@example.com";
    const created = await liveChat.createAgent({
      login,
      name: "Ann",
      job_title: "Lead",
      permission: "administrator",
      login_status: "accepting chats",
      max_chats_count: 3,
      groups: [3],
    });
    expect(created).toMatchObject({
      login,
      name: "Ann",
      job_title: "Lead",
      permission: "administrator",
      login_status: "accepting chats",
      max_chats_count: 3,
      groups: [{ id: 3, name: "Support" }],
    });
    expect((await liveChat.listAgents()).map((agent) => agent.login)).toContain(login);

    expect(await liveChat.deleteAgent(login)).toEqual({ result: `${login} removed successfully` });
    expect(await failureOf(liveChat.deleteAgent(login))).toBeInstanceOf(NotFound);
  });

  test("tickets are created, read, updated, found and listed for the reconciliation", async () => {
    await using account = await start();
    const liveChat = account.withTickets();
    expect(await liveChat.ticketsState()).toBe("here");
    const created = await liveChat.createTicket({
      message: "The lamp stays dark.",
      requester: { mail: "vera@example.com", name: "Vera" },
      subject: "Lamp",
      assignee: { id: "sam@example.com" },
    });
    expect(created).toMatchObject({
      subject: "Lamp",
      status: "open",
      requester: { mail: "vera@example.com", name: "Vera" },
      assignee: { id: "sam@example.com", name: "Sam Support" },
      events: expect.arrayContaining([expect.objectContaining({ message: "The lamp stays dark." })]),
    });
    expect(await liveChat.getTicket(created.id)).toMatchObject({ id: created.id, subject: "Lamp" });
    expect(await failureOf(liveChat.getTicket("none"))).toBeInstanceOf(NotFound);
    await liveChat.createTicket({ message: "Another", requester: { mail: "otto@example.com" } });

    const updated = await liveChat.updateTicket(created.id, { tag: ["urgent"] });
    expect(updated).toMatchObject({ id: created.id, tags: ["urgent"] });
    const first = { page: 1, skip: 0, limit: 25 };
    for (const filters of [
      { tag: "urgent" },
      { "requester[mail]": "vera@example.com" },
      { assigned: "1" },
    ] as const) {
      const { tickets, next } = await liveChat.findTickets(filters, first);
      expect([tickets.map(({ id }) => id), next]).toEqual([[created.id], undefined]);
    }
    expect((await liveChat.findTickets({}, { ...first, limit: 1 })).next).toBeDefined();

    const source = liveChat.ticketSource();
    const ids: string[] = [];
    for (let position = source.begin({ now: Date.now(), live: 0 }); ; ) {
      const page = await source.read(position);
      ids.push(...(page.items ?? []).map(({ id }) => id));
      position = JSON.parse(JSON.stringify(page.position));
      if (page.end) break;
    }
    expect(ids).toHaveLength(2);
    expect(ids).toContain(created.id);
  });

  test("webhooks are registered, listed and removed", async () => {
    await using account = await start();
    const liveChat = account.connect();
    const wanted = {
      event_type: "chat_ended",
      data_types: ["chat"],
      url: "https://u:p@app.example/hook",
      secret: "known to both",
    };
    const { id } = await liveChat.createWebhook(wanted);
    expect(await liveChat.listWebhooks()).toMatchObject([{ id, event_type: "chat_ended", url: wanted.url }]);
    expect(await liveChat.areWebhooksOn()).toBe(true);
    await liveChat.turnWebhooksOn();
    await liveChat.deleteWebhook(id);
    expect(await liveChat.listWebhooks()).toEqual([]);
    expect(await failureOf(liveChat.deleteWebhook(id))).toBeInstanceOf(NotFound);
  });

  test("wrong credentials are UpstreamRefused after one attempt, without the key", async () => {
    await using account = await start();
    const apiKey = "not the secret key";
    const failure = await failureOf(account.connect({ apiKey }).listAgents());
    expect(failure).toBeInstanceOf(UpstreamRefused);
    expect(failure.message).not.toContain(apiKey);
    expect(account.calls.count).toBe(1);
  });

  test.each([
    ["an outage", { do: "answer", status: 503, body: "<html>Bad gateway</html>" }],
    ["a dropped connection", { do: "drop" }],
    ["an answer that breaks off", { do: "cut" }],
    ["no answer", { do: "stall" }],
  ] satisfies [string, Fault][])("a reading is repeated after %s", async (_, fault) => {
    useVirtualTime();
    await using account = await start();
    account.fail(fault);
    expect(await inVirtualTime(account, {}, (liveChat) => liveChat.listWebhooks())).toEqual([]);
    expect(account.calls.count).toBe(2);
  });

  test("a creation with a lost answer has an unknown outcome after one attempt", async () => {
    await using account = await start();
    account.fail({ do: "drop", committed: true });
    const failure = await failureOf(account.connect().createAgent({ login: "a@example.com", name: "A" }));
    expect(failure).toBeInstanceOf(UpstreamFailed);
    expect(failure).toMatchObject({ outcomeUnknown: true });
    expect(account.calls.count).toBe(1);
  });

  test("a removal answered 404 is in doubt after the lost answer of an earlier attempt", async () => {
    await using account = await start();
    account.fail({ do: "drop", committed: true });
    const failure = await failureOf(account.connect().deleteAgent("sam@example.com"));
    expect(failure).toMatchObject({
      status: 404,
      outcomeUnknown: true,
      summary: expect.stringMatching(/ The request may have taken effect\.$/),
    });
  });

  test("a silent account is an UpstreamTimeout after three attempts", async () => {
    useVirtualTime();
    await using account = await start();
    account.fail({ do: "stall", times: 9 });
    const call = inVirtualTime(account, {}, (liveChat) => liveChat.listWebhooks());
    expect(await failureOf(call)).toBeInstanceOf(UpstreamTimeout);
    expect(account.calls.count).toBe(3);
  });

  test.each([
    ["with Retry-After", "seconds"],
    ["without Retry-After", "none"],
  ] as const)("a call that gets a 429 %s is repeated once and succeeds", async (_, retryAfter) => {
    useVirtualTime();
    await using account = await start();
    account.limit({ limit: 1, window: 200, retryAfter });
    const twice = async (liveChat: LiveChat) => [
      await liveChat.listWebhooks(),
      await liveChat.listWebhooks(),
    ];
    expect(await inVirtualTime(account, { random: () => 0.5 }, twice)).toEqual([[], []]);
    expect(account.calls.count).toBe(3);
  });

  test("a call delayed past its deadline by a 429 is TooManyRequests with the wait", async () => {
    useVirtualTime();
    await using account = await start();
    account.limit({ limit: 1, window: 60_000 });
    const liveChat = account.connect();
    await virtually(liveChat, liveChat.listWebhooks());
    const failure = await failureOf(virtually(liveChat, liveChat.listWebhooks()));
    expect(failure).toBeInstanceOf(TooManyRequests);
    expect(failure).toMatchObject({ retryAfter: 60 });
  });

  test("each attempt is observed, with a route without ids", async () => {
    await using account = await start();
    const attempts: CallAttempt[] = [];
    const liveChat = account.connect({ observe: (attempt) => attempts.push(attempt) });
    await failureOf(liveChat.deleteAgent("nobody@example.com"));
    expect(attempts).toMatchObject([{ error: "NotFound", retries: 0 }]);
    expect(JSON.stringify(attempts)).not.toContain("nobody");
  });
});
