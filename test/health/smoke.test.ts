import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SANDBOX_CREDENTIALS } from "../../local/sandbox/sandbox.ts";
import { startTextSandbox, TEXT_CREDENTIALS } from "../../local/sandbox/text/sandbox.ts";
import { upstreamChecks } from "../../scripts/smoke/upstream.ts";
import { startApp } from "../app/start-app.ts";

type Run = { args?: string[]; env?: Record<string, string> };

function smoke(url: string, key: string, { args = [], env = {} }: Run = {}) {
  return promisify(execFile)(process.execPath, ["scripts/smoke.ts", url, ...args], {
    env: { PATH: process.env.PATH, FUNCTION_KEY: key, ...env },
  });
}

test("smoke reads everything, shows the status, and changes nothing", async () => {
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

test("upstream checks of the Text platform pass against its sandbox, and only read", async () => {
  await using sandbox = await startTextSandbox();
  const { accountId, apiKey, clientId } = TEXT_CREDENTIALS;
  const checks = upstreamChecks({
    LIVECHAT_API: "text",
    LIVECHAT_API_URL: sandbox.url,
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
