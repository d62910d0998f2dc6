import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { fixture, type HostProcessOptions, runHost, startHostProcess } from "./host-process.ts";

const broken = fixture("broken.cjs");

/** The required settings of the project's own app; other apps need none. */
const settings = {
  LIVECHAT_USERNAME: "owner@example.com",
  LIVECHAT_API_KEY: "key",
  LIVECHAT_WEBHOOK_USERNAME: "livechat",
  LIVECHAT_WEBHOOK_PASSWORD: "password",
  LiveChatStorage: "UseDevelopmentStorage=true",
};

/** Starts a host that must fail, and returns its one line of output. */
async function refusal(options: HostProcessOptions): Promise<string> {
  const host = runHost(options);
  const { code } = await host.exited;
  expect(host.stdout).toEqual([]);
  expect(host.stderr).toHaveLength(1);
  expect(code).toBe(1);
  return host.stderr[0] ?? "";
}

describe.concurrent("a host that cannot start says why in one line and exits with 1", () => {
  test.for([
    ["settings", "LIVECHAT_API_KEY is not set"],
    ["throws", `${broken} could not be loaded: TypeError: first line second line https://h.test/`],
    ["empty", `${broken} registers no functions`],
    ["hook", `${broken} could not be loaded: Error: not today`],
    ["same-name", `${broken} could not be loaded: Error: A function named A is registered already`],
    ["schedule", 'Function T: the setting T_SCHEDULE (in "%T_SCHEDULE%") is not set'],
    ["collision", /^The routes collide: .*GET.*/],
  ] as const)("the host refuses an app with the fault %s", async ([fault, expected], { expect }) => {
    expect(await refusal({ app: broken, env: { BROKEN: fault } })).toMatch(expected);
  });

  test("the host without a bundle names the command that makes it", async ({ expect }) => {
    const files = { "package.json": { main: "dist/app.mjs" } };
    const line = await refusal({ files, env: settings });
    expect(line).toBe("dist/app.mjs does not exist: npm run build makes it");
  });

  test("the host with the project's app names a missing setting", async ({ expect }) => {
    const { LIVECHAT_API_KEY: _, ...env } = settings;
    expect(await refusal({ env })).toMatch(/^Settings: LIVECHAT_API_KEY is missing\. /);
  });

  test("the host refuses a bundle that is not JavaScript", async ({ expect }) => {
    const line = await refusal({ app: "bad.mjs", files: { "bad.mjs": "import {" } });
    expect(line).toMatch(/^bad\.mjs could not be loaded: SyntaxError: /);
  });

  test("the host refuses a port that is taken", async ({ expect }) => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, "127.0.0.1", listening));
    const { port } = taken.address() as { port: number };
    const line = await refusal({ app: broken, args: ["--port", String(port)] });
    taken.close();
    expect(line).toBe(`Port ${port} is in use: choose another with --port`);
  });

  test("the host refuses an invalid port and an unknown option", async ({ expect }) => {
    const [port, option] = await Promise.all([
      refusal({ app: broken, args: ["--port", "x1"] }),
      refusal({ app: broken, args: ["--prot", "1"] }),
    ]);
    expect(port).toBe('--port takes a number from 0 to 65535, not "x1"');
    expect(option).toMatch(/^Unknown option '--prot'/);
  });

  test("the host refuses --enable-auth without LOCAL_FUNCTION_KEY", async ({ expect }) => {
    for (const key of ["", " "]) {
      const files = { "local.settings.json": { Values: { LOCAL_FUNCTION_KEY: key } } };
      const line = await refusal({ app: broken, args: ["--enable-auth"], files });
      expect(line).toBe("--enable-auth needs a key in the setting LOCAL_FUNCTION_KEY");
    }
  });

  test("the host refuses a settings file that is not JSON, by line and column", async ({ expect }) => {
    const files = { "local.settings.json": '{"Values": {"KEY": "secret"' };
    expect(await refusal({ app: broken, files })).toBe(
      "local.settings.json is not valid JSON, in line 1, column 28",
    );
  });
});

test("local.settings.json fills in unset variables before the app loads", async () => {
  const files = { "local.settings.json": { IsEncrypted: false, Values: { BROKEN: "settings" } } };
  expect(await refusal({ app: broken, files })).toBe("LIVECHAT_API_KEY is not set");
  const host = await startHostProcess({ app: broken, files, env: { BROKEN: "nothing" } });
  expect((await fetch(`${host.url}/api/Fine`)).status).toBe(200);
  await host.stop();
});

test("the host reads the route prefix from host.json and the app from package.json", async () => {
  const app =
    'require("@azure/functions").app.http("Ping", { authLevel: "anonymous", handler: () => ({ body: "pong" }) });';
  // The app's folder has no node_modules, so the library is found by NODE_PATH.
  const env = { ...settings, NODE_PATH: fixture("../../../node_modules") };
  const files = {
    "host.json": { extensions: { http: { routePrefix: "" } } },
    "package.json": { main: "./app.cjs" },
    "app.cjs": app,
  };
  const host = await startHostProcess({ env, files });
  expect(await (await fetch(`${host.url}/ping`)).text()).toBe("pong");
  expect((await fetch(`${host.url}/api/ping`)).status).toBe(404);
  await host.stop();
});
