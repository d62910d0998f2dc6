import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readSettings, SettingsError } from "../shared/core/settings.ts";
import { DEFAULT_PORT, readPorts } from "./arguments.ts";
import { startAzurite } from "./azurite.ts";
import { readLocalSettings } from "./host/local-settings.ts";
import { readable } from "./host/log.ts";
import { onParentEnd } from "./host/on-parent-end.ts";
import { StartError } from "./host/start-error.ts";
import { sandboxes, wantsSandbox } from "./sandboxes.ts";

/**
 * Runs everything on one machine: storage emulator, LiveChat sandbox and functions host. Settings come from the environment
 * and local.settings.json; without that file, also from the sandbox. With a real account there is no sandbox, and storage
 * is kept on disk.
 */
const EMULATOR = "UseDevelopmentStorage=true";
/** The folder of the storage emulator's data, in the current directory. */
const STORAGE_FOLDER = ".azurite";
const SAMPLE = "local.settings.sample.json";

const stops: (() => Promise<unknown>)[] = [];
let stopping = false;

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const end of stops) await end();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(0));
onParentEnd(() => stop(0));

try {
  await start();
} catch (error) {
  if (!(error instanceof StartError || error instanceof SettingsError)) throw error;
  console.error(error.message);
  await stop(1);
}

async function start(): Promise<void> {
  const ports = readPorts();
  const appUrl = `http://127.0.0.1:${ports.app}`;
  const sandboxUrl = `http://127.0.0.1:${ports.sandbox}`;

  const file = readLocalSettings();
  const given = withoutEmpty({ ...file, ...withoutEmpty(process.env) });
  const sandbox = wantsSandbox(given, { hasFile: file !== undefined, sandboxUrl })
    ? sandboxes.get(given.LIVECHAT_API ?? "v2")
    : undefined;
  const settings: Record<string, string | undefined> = {
    // Callbacks on this machine are allowed.
    ALLOW_LOOPBACK_CALLBACKS: "true",
    ...(!hasStorage(given) && { AzureWebJobsStorage: EMULATOR, LiveChatStorage: EMULATOR }),
    ...sandbox?.settings({ sandbox: sandboxUrl, app: appUrl }),
    ...given,
  };
  const { liveChat, webhook } = readSettings(settings);

  // The check comes before anything is started.
  await checkPort(ports.app, "the functions");
  if (sandbox) await checkPort(ports.sandbox, "the sandbox");

  const lines: [what: string, where: string][] = [];
  if ([settings.LiveChatStorage, settings.AzureWebJobsStorage].includes(EMULATOR)) {
    lines.push(["Storage", await startStorage(settings, sandbox !== undefined)]);
  }
  if (sandbox) {
    const [credentials] = webhook.credentials;
    const started = await sandbox.start(ports.sandbox, { url: appUrl, ...credentials });
    stops.push(() => started.close());
    lines.push([sandbox.name, `${sandboxUrl} (its webhooks come to the functions)`]);
  } else {
    lines.push(["LiveChat", `${liveChat.url} (your account: every change here is made there)`]);
  }

  for await (const line of startHost(settings, ports.app)) {
    const ready = /^listening on (.+)$/.exec(line)?.[1];
    if (ready === undefined) console.log(process.stdout.isTTY ? readable(line) : line);
    else {
      // The check `registrations` of the Text platform reads the last result of this call. New storage has none.
      if (sandbox) await fetch(`${ready}/api/registration`).catch(() => undefined);
      console.log(welcome([...lines, ["Functions", `${ready}/api`]], ready, sandbox !== undefined));
    }
  }
}

/**
 * Starts the storage emulator and sets its address. With a sandbox, storage is in memory. Otherwise Azurite keeps it on
 * disk: it writes acknowledged data seconds later, or when it stops.
 *
 * @returns a description of the storage for the terminal
 */
async function startStorage(
  settings: Record<string, string | undefined>,
  inMemory: boolean,
): Promise<string> {
  const unlock = inMemory ? async () => {} : lockStorage();
  const azurite = await startAzurite(inMemory ? { inMemory } : { location: STORAGE_FOLDER });
  stops.push(() => azurite.stop(), unlock);
  for (const name of ["LiveChatStorage", "AzureWebJobsStorage"]) {
    if (settings[name] === EMULATOR) settings[name] = azurite.connectionString;
  }
  const table = /TableEndpoint=([^;]+)/.exec(azurite.connectionString)?.[1];
  return inMemory
    ? `${table} (Azurite, in memory: the data is lost when npm start ends)`
    : `${table} (Azurite, kept in ${STORAGE_FOLDER}/: Ctrl-C saves the data, a kill can lose its last seconds)`;
}

/**
 * Locks the storage folder, because two emulators would overwrite each other's data.
 *
 * @returns a function that releases the lock
 * @throws StartError while another process has the lock
 */
function lockStorage(): () => Promise<void> {
  const lock = join(STORAGE_FOLDER, "npm-start.pid");
  mkdirSync(STORAGE_FOLDER, { recursive: true });
  const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : undefined;
  if (holder && isRunning(holder)) {
    throw new StartError(
      `${STORAGE_FOLDER}/ is in use by another npm start (process ${holder}): end it. If process ${holder} is another program, delete ${lock}`,
    );
  }
  writeFileSync(lock, String(process.pid));
  return async () => rmSync(lock, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process runs under another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Runs the light host and yields its output, line by line. When the host ends, everything ends. */
async function* startHost(
  settings: Record<string, string | undefined>,
  port: number,
): AsyncGenerator<string> {
  const host = spawn(process.execPath, [join(import.meta.dirname, "host/main.ts"), "--port", String(port)], {
    env: settings as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "inherit"],
  });
  // The host must end before the storage that it uses.
  stops.unshift(async () => {
    if (host.exitCode === null && host.kill("SIGTERM")) await once(host, "exit");
  });
  host.once("exit", (code) => stop(code ?? 1));
  yield* createInterface({ input: host.stdout });
}

function welcome(lines: [what: string, where: string][], url: string, hasSandbox: boolean): string {
  const { port } = new URL(url);
  const demo = port === String(DEFAULT_PORT) ? "npm run demo" : `npm run demo -- --port ${port}`;
  const commands = [
    ...(hasSandbox ? [[demo, "an agent, a ticket and a chat, and their events"]] : []),
    [`curl ${url}/api/agents`, "the account's agents"],
    [`curl ${url}/api/events`, "the event log"],
    [`curl ${url}/api/status`, "every check, and what to do"],
    [`${url}/api/docs`, "every operation, to try in a browser"],
    [`${url}/api/console`, "chats, events and subscriptions, in a browser"],
  ];
  return `
${lines.map(([what, where]) => `  ${what.padEnd(18)}${where}`).join("\n")}

Try, in a second terminal:

${commands.map(([command = "", shows]) => `  ${command.padEnd(46)}${shows}`).join("\n")}

${hasSandbox ? `For your own account, copy ${SAMPLE} to local.settings.json.` : "Settings come from local.settings.json and the environment."} Ctrl-C ends all of it.
`;
}

/** @throws StartError when another program uses the port */
async function checkPort(port: number, what: string): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") throw new StartError(message);
    throw new StartError(`Port ${port} (${what}) is in use: choose another with npm start -- --port N`);
  }
  await new Promise((closed) => server.close(closed));
}

function hasStorage(given: Record<string, string | undefined>): boolean {
  return ["LiveChatStorage", "LiveChatStorage__tableServiceUri", "AzureWebJobsStorage"].some(
    (name) => given[name] !== undefined,
  );
}

/** Removes empty settings, which count as not set. */
function withoutEmpty(settings: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).filter((entry): entry is [string, string] => Boolean(entry[1]?.trim())),
  );
}
