import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, inject } from "vitest";
import { timers } from "../../functions/timers.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../local/sandbox/sandbox.ts";
import {
  startTextSandbox,
  type TextSandbox,
  type TextSandboxOptions,
} from "../../local/sandbox/text/sandbox.ts";
import { PROCESS_ENV } from "../process-env.ts";

export const WEBHOOK = { username: "livechat", password: "a webhook's password" };

export type App = Host & { sandbox: Sandbox };

/** A running host. */
export type Host = {
  /** The base URL of the functions, with `/api`. */
  url: string;
  /** The lines that the host has printed. */
  log: string[];
  process: ChildProcess;
  /** Calls an operation and reads its JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** Delivers a webhook as LiveChat does. */
  deliver(path: string, body: unknown, authorization?: string | null): Promise<Reply>;
  stop(): Promise<void>;
};

// biome-ignore lint/suspicious/noExplicitAny: each test checks the shape of its answer
type Reply = { status: number; headers: Headers; body: any };

export type AppOptions = { env?: Record<string, string>; sandbox?: SandboxOptions; flags?: string[] };

/** Settings with which no timer runs on its schedule, so no run falls between two lines of a test. `POST /admin/functions/…` starts a run. */
export const WITHOUT_SCHEDULES = Object.fromEntries(
  timers({ LIVECHAT_API: "text" }).map(({ id }) => [`AzureWebJobs.${id}.Disabled`, "1"]),
);

/** Matches credentials, email addresses and URLs with more than a host: no log line may have them. */
const PRIVATE = [
  new RegExp(WEBHOOK.password),
  /sandbox-api-key/,
  /AccountKey|Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50u/,
  /[\w.+-]+@[\w-]+\.\w/,
  /https?:\/\/[^\s"/]+\/[^\s"…]/,
];

/** Starts the built bundle under the local host, in a process of its own, with the suite's Azurite and a sandbox. */
export async function startApp({
  env = {},
  sandbox: sandboxOptions,
  flags = [],
}: AppOptions = {}): Promise<App> {
  const sandbox = await startSandbox(sandboxOptions);
  const v2 = {
    LIVECHAT_API_URL: sandbox.url,
    LIVECHAT_USERNAME: "owner@example.com",
    LIVECHAT_API_KEY: "sandbox-api-key",
  };
  const host = await startHost({ ...v2, ...env }, flags);
  return { ...host, sandbox, stop: () => host.stop().finally(() => sandbox.close()) };
}

export type TextApp = Host & { sandbox: TextSandbox };

/** Starts the app with a sandbox of the Text platform: `sandbox`, or a new one. */
export async function startTextApp({
  env = {},
  sandbox,
}: {
  env?: Record<string, string>;
  sandbox?: TextSandbox | TextSandboxOptions;
} = {}): Promise<TextApp> {
  const running = sandbox && "url" in sandbox ? sandbox : undefined;
  const account = running ?? (await startTextSandbox(sandbox as TextSandboxOptions | undefined));
  const text = {
    LIVECHAT_API: "text",
    LIVECHAT_API_URL: account.url,
    LIVECHAT_ACCOUNT_ID: account.credentials.accountId,
    LIVECHAT_CLIENT_ID: account.credentials.clientId,
    LIVECHAT_API_KEY: account.credentials.apiKey,
    HELPDESK_API_URL: account.helpDesk.url,
    CHATS_RECONCILE_SCHEDULE: "0 0 0 1 1 *",
  };
  const host = await startHost({ ...text, ...env });
  const stop = () => host.stop().finally(() => (running ? undefined : account.close()));
  return { ...host, sandbox: account, stop };
}

async function startHost(env: Record<string, string>, flags: string[] = []): Promise<Host> {
  const unique = crypto.randomUUID().replaceAll("-", "");
  const child = spawn(process.execPath, ["local/host/main.ts", "--port", "0", ...flags], {
    env: {
      ...PROCESS_ENV,
      LiveChatStorage: inject("storage"),
      LIVECHAT_WEBHOOK_USERNAME: WEBHOOK.username,
      LIVECHAT_WEBHOOK_PASSWORD: WEBHOOK.password,
      EVENTS_TABLE: `Events${unique}`,
      TICKETS_TABLE: `Tickets${unique}`,
      SUBSCRIPTIONS_TABLE: `Subscriptions${unique}`,
      WAKE_QUEUE: `wake-${unique}`,
      ...WITHOUT_SCHEDULES,
      // Once a year: GET /status misses no run.
      TICKETS_RECONCILE_SCHEDULE: "0 0 0 1 1 *",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  // After "exit", lines may still be on their way.
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  createInterface({ input: child.stderr }).on("line", (line) => log.push(line));
  const lines = createInterface({ input: child.stdout });
  const address = new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      log.push(line);
      const ready = /^listening on (.+)$/.exec(line)?.[1];
      if (ready) resolve(ready);
    });
    void closed.then((code) => reject(new Error(`The host ended with ${code}:\n${log.join("\n")}`)));
  });
  const url = `${await address}/api`;

  const request = async (target: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(target, init);
    const text = await response.text();
    const json =
      response.headers.get("content-type")?.includes("json") &&
      !/ndjson/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: json && text ? JSON.parse(text) : text,
    };
  };

  return {
    url,
    log,
    process: child,
    call: (method, path, body, headers) =>
      request(url + path, {
        method,
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        body:
          body === undefined || typeof body === "string"
            ? (body as string | undefined)
            : JSON.stringify(body),
      }),
    deliver: (path, body, authorization = basic(WEBHOOK)) =>
      request(`${url}/receivers/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...(authorization && { authorization }) },
        body:
          typeof body === "string" || body instanceof Uint8Array
            ? (body as RequestInit["body"])
            : JSON.stringify(body),
      }),
    async stop() {
      child.kill("SIGTERM");
      await closed;
      // Every test that starts an app checks the app's log.
      for (const line of log) for (const secret of PRIVATE) expect(line).not.toMatch(secret);
    },
  };
}

export function basic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
