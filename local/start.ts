import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { startAzurite } from "./azurite.ts";
import { startSandbox } from "./sandbox/sandbox.ts";

/**
 * The whole product on one machine: the storage emulator, the LiveChat sandbox and the functions host. Settings come
 * from the environment, then from local.settings.json or, where there is none, from local.settings.sample.json. The
 * emulator and the sandbox are started only where the settings point at them, so that with real credentials the same
 * command talks to LiveChat.
 */
const HOST_PORT = 7071;
const SANDBOX_URL = "http://127.0.0.1:7072";
const EMULATOR = "UseDevelopmentStorage=true";

const file = existsSync("local.settings.json") ? "local.settings.json" : "local.settings.sample.json";
const { Values: values } = JSON.parse(readFileSync(file, "utf8")) as { Values: Record<string, string> };
const settings: Record<string, string | undefined> = {
  // Callbacks of subscriptions are on this machine too.
  ALLOW_LOOPBACK_CALLBACKS: "true",
  ...values,
  ...process.env,
};

const stops: (() => Promise<unknown>)[] = [];
const lines: [what: string, where: string][] = [];

if ([settings.LiveChatStorage, settings.AzureWebJobsStorage].includes(EMULATOR)) {
  const azurite = await startAzurite({ inMemory: true });
  stops.push(() => azurite.stop());
  for (const name of ["LiveChatStorage", "AzureWebJobsStorage"]) {
    if (settings[name] === EMULATOR) settings[name] = azurite.connectionString;
  }
  const table = /TableEndpoint=([^;]+)/.exec(azurite.connectionString)?.[1];
  lines.push(["Table Storage", `${table} (Azurite; in memory, gone when this ends)`]);
}

if (settings.LIVECHAT_API_URL === SANDBOX_URL) {
  const sandbox = await startSandbox({ port: Number(new URL(SANDBOX_URL).port) });
  stops.push(() => sandbox.close());
  for (const [event_type, data_types, path] of [
    ["chat_started", ["chat", "visitor", "pre_chat_survey"], "chat-started"],
    ["chat_ended", ["chat", "visitor", "pre_chat_survey"], "chat-ended"],
    ["ticket_created", ["ticket"], "ticket-created"],
  ] as const) {
    const receiver = new URL(`http://127.0.0.1:${HOST_PORT}/api/receivers/${path}`);
    receiver.username = settings.LIVECHAT_WEBHOOK_USERNAME ?? "";
    receiver.password = settings.LIVECHAT_WEBHOOK_PASSWORD ?? "";
    sandbox.webhooks.register({ event_type, data_types: [...data_types], url: receiver.href });
  }
  sandbox.tickets.fill(60);
  lines.push(["LiveChat sandbox", `${SANDBOX_URL} (its webhooks come to the functions)`]);
} else {
  lines.push(["LiveChat", settings.LIVECHAT_API_URL ?? "https://api.livechatinc.com"]);
}

const host = spawn(process.execPath, ["local/host/main.ts", "--port", String(HOST_PORT)], {
  env: settings as NodeJS.ProcessEnv,
  stdio: ["ignore", "pipe", "inherit"],
});
stops.unshift(async () => {
  if (host.exitCode === null && host.kill("SIGTERM")) await once(host, "exit");
});

let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const end of stops) await end();
  process.exit(code);
}
process.on("SIGINT", () => stop(0));
process.on("SIGTERM", () => stop(0));
host.once("exit", (code) => stop(code ?? 1));

for await (const line of createInterface({ input: host.stdout })) {
  const ready = /^listening on (.+)$/.exec(line)?.[1];
  if (ready) welcome(ready);
  else console.log(line);
}

function welcome(url: string): void {
  lines.push(["Functions", `${url}/api`]);
  console.log(`
${lines.map(([what, where]) => `  ${what.padEnd(18)}${where}`).join("\n")}

Try, in a second terminal:

  npm run demo                                            an agent, a ticket and a chat, and their events
  curl ${url}/api/agents                      the account's agents
  curl ${url}/api/events                      the event log
  curl -X POST ${url}/api/reconcile/tickets   the timer's work, now
  curl ${url}/api/health                      how it is

Settings come from ${file}. Ctrl-C ends all of it.
`);
}
