import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startTextSandbox, TEXT_CREDENTIALS, type TextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { UpstreamFailed, UpstreamRefused } from "../../shared/core/errors.ts";
import { createLiveChatText } from "../../shared/livechat/text/client.ts";
import { describeStanding } from "../../shared/registration/describe.ts";
import {
  type Ensured,
  ensureRegistration,
  inspect,
  removeRegistration,
} from "../../shared/registration/ensure.ts";
import type { WebhookTarget } from "../../shared/registration/wanted.ts";
import { ensureAll, removeAll, webhookServices } from "../../shared/registration/webhook-services.ts";

const PASSWORD = "p@ss w%rd/25%25&key=ü";
const destination: WebhookTarget = {
  api: "text",
  events: ["chat_started", "chat_ended"],
  baseUrl: "https://app.example",
  credentials: [
    { username: "livechat", password: PASSWORD },
    { username: "livechat", password: "before" },
  ],
};

const connect = (sandbox: TextSandbox) =>
  createLiveChatText({ url: sandbox.url, ...sandbox.credentials, rateLimit: 10_000, random: () => 0 });

const urlFor = (password: string, path = "text/chats") =>
  `https://app.example/api/receivers/${path}?key=${encodeURIComponent(password)}`;

function put(sandbox: TextSandbox, action: string, url: string): void {
  sandbox.webhooks.register({
    action,
    url,
    secret_key: "whatever",
    type: "license",
    owner_client_id: TEXT_CREDENTIALS.clientId,
  });
}

/** The action of each registered webhook, and the key in its URL. */
const registered = (sandbox: TextSandbox) =>
  sandbox.webhooks.all.map(({ action, url }) => [action, new URL(url).searchParams.get("key")]).sort();
const AS_IT_SHOULD_BE = [
  ["chat_deactivated", PASSWORD],
  ["incoming_chat", PASSWORD],
];

test("a Text account gets both actions with the password in the URL and as secret_key", async () => {
  await using sandbox = await startTextSandbox();
  const done = await ensureRegistration(connect(sandbox), destination);
  expect(done).toMatchObject({ created: 2, removed: 0 });
  expect(registered(sandbox)).toEqual(AS_IT_SHOULD_BE);
  expect(sandbox.webhooks.all.map(({ secret_key }) => secret_key)).toEqual([PASSWORD, PASSWORD]);
  expect(done.standings.map(({ state }) => state)).toEqual(["ok", "ok"]);
  // Descriptions are shown to operators, so they have no credentials.
  expect(JSON.stringify(done.standings.map(describeStanding))).not.toContain("ss+w");
});

test("a right Text registration needs two calls and no change", async () => {
  await using sandbox = await startTextSandbox();
  const liveChat = connect(sandbox);
  await ensureRegistration(liveChat, destination);
  sandbox.calls.clear();
  expect(await ensureRegistration(liveChat, destination)).toMatchObject({ created: 0, removed: 0 });
  expect(sandbox.calls.count).toBe(2);
});

test("webhooks switched off for the license are switched on", async () => {
  await using sandbox = await startTextSandbox();
  sandbox.webhooks.disable({ owner_client_id: TEXT_CREDENTIALS.clientId });
  const liveChat = connect(sandbox);
  await ensureRegistration(liveChat, destination);
  expect(await liveChat.areWebhooksOn()).toBe(true);

  sandbox.webhooks.disable({ owner_client_id: TEXT_CREDENTIALS.clientId });
  const standings = (await inspect(liveChat, destination)).map(describeStanding);
  expect(standings).toMatchObject([{ state: "off", detail: expect.stringContaining("switched off") }, {}]);
});

test("one of three stale webhooks of ours is removed before the right one is created", async () => {
  await using sandbox = await startTextSandbox();
  for (const action of ["incoming_chat", "chat_deactivated"])
    for (const password of ["before", "long ago", "longer ago"]) put(sandbox, action, urlFor(password));
  await ensureRegistration(connect(sandbox), destination);
  expect(registered(sandbox)).toEqual(AS_IT_SHOULD_BE);
});

test("three webhooks of others stay, with an error that names the limit", async () => {
  await using sandbox = await startTextSandbox();
  for (const name of ["a", "b", "c"]) put(sandbox, "incoming_chat", `https://${name}.example/?key=x`);
  await expect(ensureRegistration(connect(sandbox), destination)).rejects.toThrow("at most 3 webhooks");
  expect(registered(sandbox)).toEqual([
    ["chat_deactivated", PASSWORD],
    ...["x", "x", "x"].map((key) => ["incoming_chat", key]),
  ]);
});

test("with a changed password, the new webhook is created before the old is removed", async () => {
  await using sandbox = await startTextSandbox();
  put(sandbox, "incoming_chat", urlFor("before"));
  put(sandbox, "chat_deactivated", urlFor("before"));
  const fewest = { incoming_chat: 9, chat_deactivated: 9 };
  const unregister = sandbox.webhooks.unregister.bind(sandbox.webhooks);
  sandbox.webhooks.unregister = (input) => {
    const answer = unregister(input);
    for (const action of ["incoming_chat", "chat_deactivated"] as const) {
      const left = sandbox.webhooks.all.filter((webhook) => webhook.action === action).length;
      fewest[action] = Math.min(fewest[action], left);
    }
    return answer;
  };
  expect(await ensureRegistration(connect(sandbox), destination)).toMatchObject({ created: 2, removed: 2 });
  expect(fewest).toEqual({ incoming_chat: 1, chat_deactivated: 1 });
});

test("from any registrations, the app's webhooks are repaired and others unchanged", async () => {
  const action = fc.constantFrom("incoming_chat", "chat_deactivated", "chat_transferred");
  const url = fc.constantFrom(
    urlFor(PASSWORD),
    urlFor("before"),
    urlFor("unknown"),
    "https://app.example/api/receivers/text/chats",
    "https://app.example/other?key=x",
    "https://other.example/api/receivers/text/chats?key=x",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(action, url), { maxLength: 6 }), async (found) => {
      await using sandbox = await startTextSandbox();
      const isOurs = (one: string) => one.startsWith("https://app.example/api/receivers/text/chats");
      const others: string[] = [];
      for (const [action, url] of found) {
        const same = sandbox.webhooks.all.filter((webhook) => webhook.action === action).length;
        if (same >= (isOurs(url) ? 3 : 2)) continue;
        put(sandbox, action, url);
        if (!isOurs(url)) others.push(url);
      }
      await ensureRegistration(connect(sandbox), destination);
      const { ours = [], theirs = [] } = Object.groupBy(sandbox.webhooks.all, ({ url }) =>
        isOurs(url) ? "ours" : "theirs",
      );
      expect(theirs.map(({ url }) => url)).toEqual(others);
      expect(ours.map(({ action, url }) => [action, new URL(url).searchParams.get("key")]).sort()).toEqual(
        AS_IT_SHOULD_BE,
      );
    }),
    { numRuns: 15 },
  );
});

test("a removal from a Text account removes our webhooks and keeps all others", async () => {
  await using sandbox = await startTextSandbox();
  put(sandbox, "incoming_chat", "https://other.example/");
  const liveChat = connect(sandbox);
  await ensureRegistration(liveChat, destination);
  expect(await removeRegistration(liveChat, destination)).toBe(2);
  expect(sandbox.webhooks.all.map(({ url }) => url)).toEqual(["https://other.example/"]);
});

test("a registration with a token without a scope fails with the scope's name", async () => {
  await using sandbox = await startTextSandbox({
    variants: { missingScopes: ["webhooks.configuration:rw"] },
  });
  await expect(ensureRegistration(connect(sandbox), destination)).rejects.toThrow(UpstreamRefused);
});

test("a registration succeeds with a token that may not read the webhooks' switch", async () => {
  await using sandbox = await startTextSandbox({ variants: { missingScopes: ["webhooks.state:ro"] } });
  expect(await ensureRegistration(connect(sandbox), destination)).toMatchObject({ created: 2 });
});

describe("with HelpDesk", () => {
  const receiver = (password: string) => urlFor(password, "helpdesk/tickets");
  const servicesOf = ({ url, credentials, helpDesk }: TextSandbox) => {
    const options = { url, ...credentials, rateLimit: 10_000, random: () => 0 };
    const account = createLiveChatText({ ...options, helpDeskUrl: helpDesk.url });
    return webhookServices(account, { ...destination, events: undefined }, { hasHelpDesk: true });
  };
  const statesOf = ({ standings }: Ensured) => standings.map(({ state }) => state);

  test("HelpDesk gets one webhook of tickets in place of stale ones", async () => {
    await using sandbox = await startTextSandbox();
    const { helpDesk } = sandbox;
    const services = servicesOf(sandbox);
    helpDesk.register({ url: receiver("before"), eventType: "tickets.create" });
    helpDesk.register({ url: "https://other.example/hook", eventType: "tickets.create" });
    expect(await ensureAll(services)).toMatchObject({ created: 3, removed: 1 });
    expect([...helpDesk.webhooks.values()].map((webhook) => webhook.url).sort()).toEqual([
      new URL(receiver(PASSWORD)).href.replaceAll("%20", "+"),
      "https://other.example/hook",
    ]);
    expect(await ensureAll(services)).toMatchObject({ created: 0, removed: 0 });
    expect(await removeAll(services)).toBe(3);
    expect(helpDesk.webhooks.size).toBe(1);
  });

  test("when HelpDesk fails or refuses, only the webhook of tickets has the state failed", async () => {
    await using sandbox = await startTextSandbox();
    const services = servicesOf(sandbox);
    sandbox.faults.plan({ do: "answer", status: 500, path: "/helpdesk/", times: 100 });
    const ensured = await ensureAll(services);
    expect([statesOf(ensured), ensured.created]).toEqual([["ok", "ok", "failed"], 2]);
    expect(ensured.standings.map(describeStanding)[2]?.detail).toBe("HelpDesk failed (500).");
    sandbox.faults.clear();

    sandbox.faults.plan({
      do: "answer",
      status: 422,
      method: "POST",
      path: "/helpdesk/v1/webhooks",
      times: 9,
    });
    expect(statesOf(await ensureAll(services))).toEqual(["ok", "ok", "failed"]);
    sandbox.faults.clear();

    // HelpDesk refuses the account, as after the end of its licence.
    sandbox.helpDesk.variants.withoutLicence = 402;
    const refused = await ensureAll(services);
    expect(statesOf(refused)).toEqual(["ok", "ok", "failed"]);
    expect(refused.standings.map(describeStanding)[2]?.detail).toContain("set HELPDESK to off");
    expect(await removeAll(services)).toBe(2);
  });

  test("a removal removes LiveChat's webhooks before it throws HelpDesk's error", async () => {
    await using sandbox = await startTextSandbox();
    const services = servicesOf(sandbox);
    await ensureAll(services);
    sandbox.faults.plan({ do: "answer", status: 500, path: "/helpdesk/", times: 100 });
    await expect(removeAll(services)).rejects.toThrow(UpstreamFailed);
    expect(sandbox.webhooks.all).toEqual([]);
  });

  test("LiveChat's refusal is thrown after the webhook of tickets is registered", async () => {
    await using sandbox = await startTextSandbox({
      variants: { missingScopes: ["webhooks.configuration:rw"] },
    });
    await expect(ensureAll(servicesOf(sandbox))).rejects.toThrow(UpstreamRefused);
    expect(sandbox.helpDesk.webhooks.size).toBe(1);
  });
});
