import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { SANDBOX_CREDENTIALS } from "../../local/sandbox/sandbox.ts";
import { startTextSandbox, TEXT_CREDENTIALS, type TextSandbox } from "../../local/sandbox/text/sandbox.ts";
import { upstreamChecks } from "../../scripts/smoke/upstream.ts";
import { startApp } from "../app/start-app.ts";
import { PROCESS_ENV } from "../process-env.ts";

type Run = { args?: string[]; env?: Record<string, string> };

function smoke(url: string, key: string, { args = [], env = {} }: Run = {}) {
  return promisify(execFile)(process.execPath, ["scripts/smoke.ts", url, ...args], {
    env: { ...PROCESS_ENV, FUNCTION_KEY: key, ...env },
  });
}

test("npm run smoke shows the status by calls that only read", async () => {
  const app = await startApp({ env: { LOCAL_FUNCTION_KEY: "a-key" }, flags: ["--enable-auth"] });
  const url = app.url.replace(/\/api$/, "");
  const account = {
    LIVECHAT_API_URL: app.sandbox.url,
    LIVECHAT_USERNAME: SANDBOX_CREDENTIALS.username,
    LIVECHAT_API_KEY: SANDBOX_CREDENTIALS.apiKey,
  };
  try {
    const [{ stdout }, { stdout: refused, code }] = await Promise.all([
      smoke(url, "a-key", { args: ["--upstream"], env: account }),
      smoke(url, "another").catch((error) => error),
    ]);
    for (const line of [
      "health",
      "health by HEAD",
      "ListEvents (GET /events)",
      "ReceiveChatStarted without credentials",
      "streaming: a chunked body arrives",
      "a body of 18 MiB is refused",
      "upstream: agents are a list with logins: 3 agents",
      "upstream: a ticket that does not exist is 404",
    ]) {
      expect(stdout).toContain(`ok       ${line}`);
    }
    expect(stdout).toMatch(/^ok {7}status: version \S+, commit \S+$/m);
    expect(stdout).toContain("All is well.");
    expect(app.sandbox.calls.list.every(({ method }) => method === "GET")).toBe(true);

    expect(code).toBe(1);
    expect(refused).toMatch(/^FAILED {3}ListEvents \(GET \/events\): answers 401 and not 200/m);
  } finally {
    await app.stop();
  }
});

test.concurrent.each([
  ["scripts/smoke.ts", ["https://app.example", "--foo"], "npm run smoke -- https://"],
  ["scripts/smoke.ts", ["nowhere"], "nowhere is no URL."],
  ["scripts/bundle.ts", ["--dbug"], "npm run bundle"],
  ["scripts/connector.ts", ["--hst"], "npm run connector"],
  ["scripts/docs.ts", ["check"], "npm run docs"],
  ["scripts/backup.ts", [], "One DIR is required."],
  ["scripts/backup.ts", ["folder", "--replace"], "Only npm run restore has --replace."],
])("%s with the arguments %j prints the reason and the usage without a stack", async (script, args, text) => {
  const { code, stderr } = await promisify(execFile)(process.execPath, [script, ...args], {
    env: PROCESS_ENV,
  }).catch((error) => error);
  expect(code).toBe(2);
  expect(stderr).toContain(text);
  expect(stderr).not.toMatch(/\n {4}at /);
});

test("the upstream checks of the Text platform pass in its sandbox by reading only", async () => {
  await using sandbox = await startTextSandbox();
  const { accountId, apiKey, clientId } = TEXT_CREDENTIALS;
  const checks = upstreamChecks({
    LIVECHAT_API: "text",
    LIVECHAT_API_URL: sandbox.url,
    HELPDESK: "off",
    LIVECHAT_ACCOUNT_ID: accountId,
    LIVECHAT_CLIENT_ID: clientId,
    LIVECHAT_API_KEY: apiKey,
  });
  const said: Record<string, string | undefined> = {};
  for (const [name, look] of checks) said[name] = await look();
  expect(said).toMatchObject({
    "agents are a list with ids": expect.stringContaining("agents; their picture is avatar"),
    "an unknown chat is refused as not_found": "with status 404",
  });
  expect(
    sandbox.calls.list.map(({ url }) => url).filter((path) => /create|delete|register|enable/.test(path)),
  ).toEqual([]);
});

describe("upstream checks of HelpDesk", () => {
  const look = async ({ url, helpDesk, credentials }: TextSandbox) => {
    const checks = upstreamChecks({
      LIVECHAT_API: "text",
      LIVECHAT_API_URL: url,
      HELPDESK_API_URL: helpDesk.url,
      LIVECHAT_ACCOUNT_ID: credentials.accountId,
      LIVECHAT_CLIENT_ID: credentials.clientId,
      LIVECHAT_API_KEY: credentials.apiKey,
    });
    const said: Record<string, string> = {};
    for (const [name, check] of checks.filter(([name]) => name.startsWith("HelpDesk: "))) {
      said[name.slice("HelpDesk: ".length)] = await check().then(
        (fact = "") => fact,
        ({ message }) => `FAILED: ${message}`,
      );
    }
    return said;
  };

  test("the upstream checks of HelpDesk report undocumented behaviour by reading only", async () => {
    await using sandbox = await startTextSandbox();
    const [oldest] = sandbox.helpDesk.desk.fill(5);
    sandbox.helpDesk.register({ url: "https://app.example/hook", eventType: "tickets.create" });
    const said = await look(sandbox);
    expect(said).toMatchObject({
      "tickets are a list": expect.stringMatching(/^shortID \w{6}, .*; headers: x-total-pages$/),
      "a page continues after the last ticket of the page before": "",
      "only tickets that changed since a time are listed": "",
      "filters by requester": "none of requester.email, requesterEmail, requester",
      "a ticket by its shortID": "answers 404",
      "an unknown ticket is 404": "",
      "the oldest ticket": expect.stringContaining(String(oldest?.createdAt)),
      "agents, teams and tags are lists": "2 agents, 2 teams, 1 tags",
      "webhooks can be listed": "1 registered, with ID, url, eventType, name",
    });
    expect(sandbox.calls.list.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("without HelpDesk, its upstream checks fail with the name of the setting", async () => {
    await using sandbox = await startTextSandbox({ helpDesk: { withoutLicence: 402 } });
    const { "tickets are a list": first, ...others } = await look(sandbox);
    expect(first).toBe("FAILED: answers 402. For an account without HelpDesk, set HELPDESK to off");
    expect(new Set(Object.values(others))).toEqual(new Set(["not asked"]));
  });
});
