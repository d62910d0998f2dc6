import { expect, test } from "vitest";
import { startTextSandbox, type TextSandbox } from "../../local/sandbox/text/sandbox.ts";
import type { TextVariants } from "../../local/sandbox/text/variants.ts";
import {
  ChatAnonymized,
  Conflict,
  InvalidInput,
  NotFound,
  UpstreamRefused,
} from "../../shared/core/errors.ts";
import { createLiveChatText, type LiveChatTextOptions } from "../../shared/livechat/text/client.ts";
import { answer, failureOf, startUpstream, useVirtualTime, virtually } from "./upstream.ts";

function connect(sandbox: TextSandbox, options: Partial<LiveChatTextOptions> = {}) {
  return createLiveChatText({ url: sandbox.url, ...sandbox.credentials, rateLimit: 1_000, ...options });
}

const start = (variants: Partial<TextVariants> = {}, now?: () => number) =>
  startTextSandbox({ variants, now });

test("a call is a POST of JSON to its action with account and token as credentials", async () => {
  const { url, arrivals } = await startUpstream((response) => answer(response, 200, []));
  const credentials = { accountId: "an-account", apiKey: "fra:secret:more", clientId: "an-app" };
  await createLiveChatText({ url, ...credentials, rateLimit: 10 }).listAgents();
  expect(arrivals).toHaveLength(1);
  const [arrival] = arrivals;
  expect(`${arrival?.method} ${arrival?.url}`).toBe("POST /v3.6/configuration/action/list_agents");
  expect(arrival?.headers["content-type"]).toBe("application/json");
  const sent = Buffer.from(arrival?.headers.authorization?.slice("Basic ".length) ?? "", "base64");
  expect(sent.toString()).toBe("an-account:fra:secret:more");
  expect(arrival?.headers["x-region"]).toBeUndefined();
});

test("a misdirected call and all later ones are sent to the region named by LiveChat", async () => {
  await using sandbox = await start({ region: "fra" });
  const liveChat = connect(sandbox);
  expect(await liveChat.listWebhooks()).toEqual([]);
  expect(sandbox.calls.count).toBe(2);
  expect(await liveChat.listWebhooks()).toEqual([]);
  expect(sandbox.calls.count).toBe(3);
});

test("parallel misdirected calls are all repeated in the region named by LiveChat", async () => {
  await using sandbox = await start({ region: "fra" });
  const liveChat = connect(sandbox);
  const lists = await Promise.all(Array.from({ length: 5 }, () => liveChat.listWebhooks()));
  expect(lists).toEqual([[], [], [], [], []]);
});

test.each(["fra\r\nX-Other: 1", "", 5, null])(
  "a region %j, which is not a valid header value, is not sent",
  async (region) => {
    const { url, arrivals } = await startUpstream((response) =>
      answer(response, 400, {
        error: { type: "misdirected_request", message: "Wrong region", data: { region } },
      }),
    );
    const liveChat = createLiveChatText({ url, accountId: "a", apiKey: "key", clientId: "c", rateLimit: 10 });
    for (const _ of [1, 2]) {
      expect(await failureOf(liveChat.listWebhooks())).toBeInstanceOf(UpstreamRefused);
    }
    expect(arrivals.map(({ headers }) => headers["x-region"])).toEqual([undefined, undefined]);
  },
);

test("a call misdirected in each region ends after the second attempt", async () => {
  const { url, arrivals } = await startUpstream((response) =>
    answer(response, 400, {
      error: { type: "misdirected_request", message: "Wrong region", data: { region: "fra" } },
    }),
  );
  const liveChat = createLiveChatText({ url, accountId: "a", apiKey: "key", clientId: "c", rateLimit: 10 });
  expect(await failureOf(liveChat.listWebhooks())).toBeInstanceOf(UpstreamRefused);
  expect(arrivals.map(({ headers }) => headers["x-region"])).toEqual([undefined, "fra"]);
});

test("a call without its scope is UpstreamRefused with the action and the scope", async () => {
  await using sandbox = await start({ missingScopes: ["webhooks.configuration:rw"] });
  const failure = await failureOf(connect(sandbox).listWebhooks());
  expect(failure).toBeInstanceOf(UpstreamRefused);
  expect(failure.message).toContain("list_webhooks: it needs the scope webhooks.configuration:rw");
});

test.each([
  ["validation", InvalidInput],
  ["group_not_found", InvalidInput],
  ["limit_reached", Conflict],
  ["already_exists", Conflict],
  ["not_found", NotFound],
  ["chat_anonymized", ChatAnonymized],
  ["license_expired", UpstreamRefused],
  ["unsupported_version", UpstreamRefused],
  ["wrong_product_version", UpstreamRefused],
])("a refusal of type %s becomes the same error with any status", async (type, kind) => {
  for (const status of [400, 403, 500]) {
    const { url, arrivals } = await startUpstream((response) =>
      answer(response, status, { error: { type, message: "The reason" } }),
    );
    const liveChat = createLiveChatText({ url, accountId: "a", apiKey: "key", clientId: "c", rateLimit: 10 });
    const failure = await failureOf(liveChat.getChat("C", "T"));
    expect(failure).toBeInstanceOf(kind);
    expect(failure.message).toContain("The reason");
    expect(arrivals).toHaveLength(1);
  }
});

test("a new agent not shown in time is answered with the requested fields", async () => {
  useVirtualTime();
  await using sandbox = await start({ propagation: 120_000 });
  const liveChat = connect(sandbox);
  const creation = liveChat.createAgent({ login: "ann@example.com", name: "Ann", job_title: "Lead" });
  const agent = await virtually(liveChat, creation);
  expect(agent).toMatchObject({ login: "ann@example.com", name: "Ann", job_title: "Lead" });
});

test("a new agent that LiveChat shows after a moment is read then", async () => {
  useVirtualTime();
  await using sandbox = await start({ propagation: 300 });
  const liveChat = connect(sandbox);
  const agent = await virtually(liveChat, liveChat.createAgent({ login: "ann@example.com", name: "Ann" }));
  expect(agent).toMatchObject({ job_title: "Support Agent", max_chats_count: 6, permission: "normal" });
});

test("an ignored password is in ignored_fields", async () => {
  await using sandbox = await start();
  const liveChat = connect(sandbox);
  const agent = await liveChat.createAgent({ login: "ann@example.com", name: "Ann", password: "hunter22" });
  expect(agent.ignored_fields).toEqual(["password"]);
  expect(JSON.stringify(agent)).not.toContain("hunter22");
  expect(await liveChat.createAgent({ login: "bob@example.com", name: "Bob" })).not.toHaveProperty(
    "ignored_fields",
  );
});

test("agents are listed without unreadable items and with a picture of either field", async () => {
  const { url } = await startUpstream((response, { url }) =>
    answer(
      response,
      200,
      url.endsWith("list_agents")
        ? [
            { id: "a@example.com", name: "A", avatar_path: "cdn.example/a.png", role: "viceowner" },
            { name: "without an id" },
            null,
            { id: "b@example.com", avatar: "https://cdn.example/b.png", role: "owner", api_key: undefined },
          ]
        : [{ agent_id: "b@example.com", status: "not_accepting_chats" }, "odd"],
    ),
  );
  const liveChat = createLiveChatText({ url, accountId: "a", apiKey: "key", clientId: "c", rateLimit: 10 });
  expect(await liveChat.listAgents()).toEqual([
    {
      login: "a@example.com",
      name: "A",
      avatar: "https://cdn.example/a.png",
      permission: "administrator",
      role: "viceowner",
    },
    {
      login: "b@example.com",
      avatar: "https://cdn.example/b.png",
      permission: "owner",
      role: "owner",
      status: "not accepting chats",
    },
  ]);
});

test("the archive is read page by page, oldest thread first, by page_id alone", async () => {
  let time = Date.parse("2026-01-15T10:00:00Z");
  await using sandbox = await start({}, () => time);
  const ids: string[] = [];
  for (let index = 0; index < 150; index++) {
    time += 1_000;
    ids.push(sandbox.chats.hold({ messages: [] }, { silently: true }).id);
  }
  const liveChat = connect(sandbox);
  const from = "2026-01-15T10:00:00.000Z";
  const first = await liveChat.listArchives({ from });
  expect(first.chats).toHaveLength(100);
  const second = await liveChat.listArchives({ pageId: first.next ?? "" });
  expect(second.next).toBeUndefined();
  expect([...first.chats, ...second.chats].map(({ thread }) => thread.id)).toEqual(ids);
});

test("a lifecycle header is passed on only with a day", async () => {
  await using sandbox = await start({ headers: { Legacy: "2026-09-01", Deprecation: "a secret" } });
  const announced: string[] = [];
  await connect(sandbox, { onLifecycle: (...header) => announced.push(header.join(" ")) }).listWebhooks();
  expect(announced).toEqual(["Legacy 2026-09-01"]);
});

async function connectWithoutStatuses() {
  const { url } = await startUpstream((response, { url }) =>
    url.endsWith("list_agents")
      ? answer(response, 200, [{ id: "a@example.com", name: "A", role: "normal" }])
      : answer(response, 403, { error: { type: "authorization", message: "No" } }),
  );
  return createLiveChatText({ url, accountId: "a", apiKey: "key", clientId: "c", rateLimit: 10 });
}

test("agents are listed without their status when the token may not read it", async () => {
  const liveChat = await connectWithoutStatuses();
  expect(await liveChat.listAgents()).toMatchObject([{ login: "a@example.com", permission: "normal" }]);
});

test("a filter by status is UpstreamRefused when the token may not read it", async () => {
  const liveChat = await connectWithoutStatuses();
  expect(await failureOf(liveChat.listAgents({ status: "offline" }))).toBeInstanceOf(UpstreamRefused);
});
