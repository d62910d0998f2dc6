import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../local/sandbox/sandbox.ts";
import { WITHOUT_SCHEDULES } from "../app/start-app.ts";
import { freePort } from "../free-port.ts";
import { PROCESS_ENV } from "../process-env.ts";

const root = resolve(import.meta.dirname, "../..");
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that `npm start` takes for a checkout of the project, with its own settings file. */
function checkout(localSettings?: string | Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "start-"));
  folders.push(folder);
  for (const name of ["host.json", "package.json", "dist"]) symlinkSync(join(root, name), join(folder, name));
  if (localSettings === undefined) return folder;
  const content =
    typeof localSettings === "string" ? localSettings : JSON.stringify({ Values: localSettings });
  writeFileSync(join(folder, "local.settings.json"), content);
  return folder;
}

function run(script: string, folder: string, args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, "local", script), ...args], {
    cwd: folder,
    env: {
      ...PROCESS_ENV,
      ...WITHOUT_SCHEDULES,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const seen = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const look of seen) look();
    });
  }
  const exited = once(child, "close").then(([code]) => code as number | null);
  return {
    output: () => output,
    exited,
    /** Resolves when the output matches; rejects when the process ends first. */
    shows: (pattern: RegExp) =>
      new Promise<void>((done, failed) => {
        const look = () => pattern.test(output) && done();
        seen.add(look);
        look();
        exited.then(() => failed(new Error(`It ended without ${pattern}:\n${output}`)));
      }),
    stop: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}

// The groups run one after another: each start is three processes.
describe("npm start with the sandbox", () => {
  test.concurrent.each([
    [{ LIVECHAT_API: "v2" }, "ReconcileTickets"],
    [{ LIVECHAT_API: "text" }, "ReconcileChats   0 recovered"],
    [{ LIVECHAT_API: "text", HELPDESK: "off" }, "left out: the account has no HelpDesk"],
  ])("npm run demo shows every step beside npm start with %j", async (env, last) => {
    const folder = checkout();
    const port = await freePort(2);
    const started = run("start.ts", folder, ["--port", String(port)], env);
    try {
      await started.shows(/Ctrl-C ends all of it/);
      expect(started.output()).toContain("in memory: the data is lost when npm start ends");
      expect(started.output()).toContain(`npm run demo -- --port ${port}`);
      const status = await fetch(`http://127.0.0.1:${port}/api/status`);
      const { checks } = (await status.json()) as { checks: { name: string; state: string }[] };
      expect(checks).toContainEqual(expect.objectContaining({ name: "registrations", state: "ok" }));
      const demo = run("demo.ts", folder, ["--port", String(port)]);
      expect(await demo.exited, demo.output()).toBe(0);
      expect(demo.output()).toContain("the signature is right");
      expect(demo.output()).toContain(last);
      expect(existsSync(join(folder, ".azurite"))).toBe(false);
    } finally {
      expect(await started.stop()).toBe(0);
    }
  });
});

describe("npm start with an account", () => {
  test.concurrent("npm start with a completed sample keeps its data and leaves the account alone", async () => {
    const account: Sandbox = await startSandbox({
      credentials: { username: "me@acme.example", apiKey: "real" },
    });
    const sample = JSON.parse(readFileSync(join(root, "local.settings.sample.json"), "utf8")).Values;
    const folder = checkout({
      ...sample,
      LIVECHAT_USERNAME: "me@acme.example",
      LIVECHAT_API_KEY: "real",
      LIVECHAT_WEBHOOK_PASSWORD: "my own password",
      LIVECHAT_API_URL: account.url,
    });
    const port = await freePort(2);
    const api = `http://127.0.0.1:${port}/api`;
    const begin = () => run("start.ts", folder, ["--port", String(port)]);

    let started = begin();
    try {
      await started.shows(/Ctrl-C ends all of it/);
      expect(started.output()).toContain("kept in .azurite/");
      expect(started.output()).not.toMatch(/demo|sandbox/i);
      const stored = await fetch(`${api}/receivers/chat-ended`, {
        method: "POST",
        headers: { authorization: `Basic ${btoa("livechat:my own password")}` },
        body: JSON.stringify({ event_type: "chat_ended", license_id: "42", chat: { id: "C1" } }),
      });
      expect(await stored.json()).toMatchObject({ status: "stored" });

      const second = run("start.ts", folder, ["--port", String(await freePort(2))]);
      expect(await second.exited).toBe(1);
      expect(second.output()).toMatch(/^\.azurite\/ is in use by another npm start \(process \d+\): .*\n$/);

      const demo = run("demo.ts", folder, ["--port", String(port)]);
      expect(await demo.exited).toBe(1);
      expect(demo.output()).toMatch(/^demo: no LiveChat sandbox answers at .* Nothing was touched\.\n$/);
      expect(account.webhooks.list()).toEqual([]);
      expect(account.calls.list.filter(({ method }) => method !== "GET")).toEqual([]);
    } finally {
      expect(await started.stop()).toBe(0);
    }

    started = begin();
    try {
      await started.shows(/Ctrl-C ends all of it/);
      const events = (await (await fetch(`${api}/events`)).json()) as { items: { chatId: string }[] };
      expect(events.items.map(({ chatId }) => chatId)).toEqual(["C1"]);
    } finally {
      await started.stop();
      await account.close();
    }
  });

  test.concurrent("npm run demo beside a sandbox that the app does not use changes nothing", async () => {
    const port = await freePort(2);
    const account = await startSandbox({ credentials: { username: "me@acme.example", apiKey: "real" } });
    const other = await startSandbox({ port: port + 1 });
    const folder = checkout();
    const storage = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;`;
    const host = run("host/main.ts", folder, ["--port", String(port)], {
      LiveChatStorage: storage,
      LIVECHAT_API_URL: account.url,
      LIVECHAT_USERNAME: "me@acme.example",
      LIVECHAT_API_KEY: "real",
      LIVECHAT_WEBHOOK_USERNAME: "livechat",
      LIVECHAT_WEBHOOK_PASSWORD: "my own password",
    });
    try {
      await host.shows(/^listening on/m);
      const demo = run("demo.ts", folder, ["--port", String(port)]);
      expect(await demo.exited).toBe(1);
      expect(demo.output()).toMatch(/does not use the sandbox .* Nothing was changed\.\n$/);
      expect(account.calls.list.map(({ method }) => method)).toEqual(["GET"]);
      expect(other.calls.count).toBe(0);
    } finally {
      await host.stop();
      await account.close();
      await other.close();
    }
  });
});

test("npm run demo that fails removes its subscription", async () => {
  const port = await freePort(2);
  const asked: string[] = [];
  const secret = `whsec_${btoa("a secret")}`;
  const answers: Record<string, unknown> = {
    "GET /api/events": { items: [], next: 0 },
    "POST /api/agents": { login: "ana@example.com", permission: "normal" },
    "POST /api/chat_ends_webhook/webhooks": { id: "S1", secret },
  };
  const server = http.createServer((request, response) => {
    const call = `${request.method} ${new URL(request.url ?? "", "http://app").pathname}`;
    asked.push(call);
    // The account has no HelpDesk, and the sandbox holds no chat.
    const status = call === "GET /api/tickets" ? 409 : call === "POST /sandbox/chats/whole" ? 500 : 200;
    response.writeHead(status).end(JSON.stringify(answers[call] ?? { count: asked.length }));
  });
  const sandbox = http.createServer(server.listeners("request")[0] as http.RequestListener);
  await Promise.all([
    once(server.listen(port, "127.0.0.1"), "listening"),
    once(sandbox.listen(port + 1, "127.0.0.1"), "listening"),
  ]);
  const demo = run("demo.ts", checkout(), ["--port", String(port)]);
  expect(await demo.exited).toBe(1);
  expect(demo.output()).toMatch(/^demo: POST \/sandbox\/chats\/whole gave 500/m);
  expect(asked.at(-1)).toBe("DELETE /api/subscriptions/S1");
  for (const one of [server, sandbox]) one.close();
});

/** Runs a `npm start` that fails. @returns its output */
const refused = async (folder: string, args: string[] = [], env: Record<string, string> = {}) => {
  const started = run("start.ts", folder, args, env);
  expect(await started.exited).toBe(1);
  return started.output();
};

describe("npm start that fails", () => {
  test.concurrent("npm start on a port that is taken prints one line and ends", async () => {
    const taken = createServer();
    const port = await freePort(2);
    await once(taken.listen(port + 1, "127.0.0.1"), "listening");
    const free = ["--port", String(port)];
    expect(await refused(checkout(), free)).toBe(
      `Port ${port + 1} (the sandbox) is in use: choose another with npm start -- --port N\n`,
    );
    taken.close();
  });

  test.concurrent.each([
    ['{"Values": {\n  "A": "secret",\n}}', "line 3, column 1: there is an extra comma"],
    ['{"Values": {"A": "secret"', "line 1, column 26"],
  ])(
    "npm start with the settings file %j prints the place of the JSON error and ends",
    async (content, place) => {
      expect(await refused(checkout(content))).toBe(`local.settings.json is not valid JSON, in ${place}\n`);
    },
  );

  test.concurrent("npm start prints the missing settings of a file with a byte order mark", async () => {
    expect(await refused(checkout(`\uFEFF{"Values": {}}`))).toMatch(
      /^Settings: LIVECHAT_USERNAME is missing; .*\n$/,
    );
  });

  test.concurrent("npm start with an account and the sandbox's password prints one line and ends", async () => {
    const account = {
      LIVECHAT_USERNAME: "me@acme.example",
      LIVECHAT_API_KEY: "real",
      LIVECHAT_WEBHOOK_USERNAME: "livechat",
      LIVECHAT_WEBHOOK_PASSWORD: "local-webhook-password",
    };
    expect(await refused(checkout(account))).toMatch(
      /^Settings: LIVECHAT_WEBHOOK_PASSWORD is the sandbox's password, which is public: choose another\. .*\n$/,
    );
  });

  test.concurrent("npm start with an unknown LIVECHAT_API prints one line and ends", async () => {
    const output = await refused(checkout(), [], { LIVECHAT_API: "constructor" });
    expect(output).toMatch(/^Settings: .*LIVECHAT_API.*\n$/);
  });

  test.concurrent("npm start with an invalid port prints one line and ends", async () => {
    expect(await refused(checkout(), ["--port", "many"])).toBe(
      '--port takes a number from 1 to 65534, not "many"\n',
    );
  });
});
