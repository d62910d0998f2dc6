import { operations } from "../functions/operations.ts";
import { loadLocalSettings } from "../local/host/local-settings.ts";
import { readArguments, refuse } from "./read-arguments.ts";
import { upstreamChecks } from "./smoke/upstream.ts";

/**
 * Checks a deployed app from outside, with a function key, and changes nothing: every list can be read, keys are required,
 * chunked bodies arrive. It prints the app's own checks.
 */
const USAGE = `npm run smoke -- https://your-app.azurewebsites.net [--key KEY] [--upstream]
Put the function key into FUNCTION_KEY to keep it out of the shell's history.
--upstream also checks LiveChat, read-only, with the account in LIVECHAT_* (environment or local.settings.json).`;

/** Milliseconds for a call, with time for a cold start. */
const TIME_LIMIT = 60_000;

const options = {
  key: { type: "string", default: process.env.FUNCTION_KEY ?? "" },
  upstream: { type: "boolean", default: false },
} as const;
const { values, argument: address } = readArguments(options, USAGE, "URL");
if (!URL.canParse(address)) refuse(`${address} is no URL.`, USAGE);
const api = `${address.replace(/\/+$/, "")}/api`;
const isLocal = ["localhost", "127.0.0.1"].includes(new URL(api).hostname);
let failures = 0;

await check("health", async () => expectStatus(await call("GET", "health"), 200));
await check("health by HEAD", async () => expectStatus(await call("HEAD", "health"), 200));

for (const { id, method, route, anonymous, output } of operations) {
  if (method !== "GET" || anonymous || /\{/.test(route)) continue;
  await check(`${id} (GET /${route})`, async () => {
    const response = await call("GET", route, values.key);
    const { status } = response;
    // The settings can turn an operation off; `detail` has the reason.
    if (status === 409) return `409: ${(await problemOf(response)) ?? ""}`;
    return expectStatus(response, output.status, ...Object.keys(output.otherStatuses ?? {}).map(Number));
  });
  if (!isLocal) await check(`${id} without a key`, async () => expectStatus(await call("GET", route), 401));
}

for (const { id, route } of operations.filter(({ route }) => route.startsWith("receivers/"))) {
  await check(`${id} without credentials`, async () => expectStatus(await call("POST", route), 401));
}

await check("streaming: a chunked body arrives", async () => {
  // The app refuses the unknown field and creates nothing. Naming the field shows that it read the body.
  const body = new Blob(['{"smoke":true}']).stream();
  const response = await call("POST", "tickets", values.key, { body });
  const { errors = [] } = (await response.json().catch(() => ({}))) as { errors?: { path: string }[] };
  if (errors.some(({ path }) => path === "smoke")) return;
  throw new Error(
    `answers ${response.status} without the name of the field: the body was lost. See HTTP_STREAMING.`,
  );
});

await check("a body of 18 MiB is refused", async () => {
  const body = new Uint8Array(18 * 1024 * 1024);
  // Instead of an answer, a host may close the connection in the middle of the body.
  const response = await call("POST", "receivers/chat-started", undefined, { body }).catch(() => undefined);
  return response && (await expectStatus(response, 413));
});

if (!isLocal) {
  await check("https only", async () => {
    const response = await call("GET", "health", undefined, { base: api.replace(/^https:/, "http:") });
    if (response.ok) throw new Error("answers plain http");
  });
}

await check("status", async () => {
  const response = await call("GET", "status", values.key);
  await expectStatus(response, 200);
  const { version, commit, checks } = (await response.json()) as Status;
  for (const { name, state, detail, action } of checks) {
    console.log(`         ${state.padEnd(10)}${name.padEnd(28)}${detail}`);
    if (state !== "ok") console.log(`${" ".repeat(47)}${action}`);
  }
  const bad = checks.filter(({ state }) => state === "bad").map(({ name }) => name);
  if (bad.length > 0) throw new Error(`bad: ${bad.join(", ")}`);
  return `version ${version}, commit ${commit}`;
});

if (values.upstream) {
  loadLocalSettings();
  for (const [name, look] of upstreamChecks(process.env)) await check(`upstream: ${name}`, look);
}

console.log(failures === 0 ? "\nAll is well." : `\n${failures} checks failed.`);
process.exitCode = failures === 0 ? 0 : 1;

type Status = {
  version: string;
  commit: string;
  checks: { name: string; state: string; detail: string; action: string }[];
};

async function check(name: string, look: () => Promise<string | undefined>): Promise<void> {
  try {
    const said = await look();
    console.log(`ok       ${name}${said ? `: ${said}` : ""}`);
  } catch (error) {
    failures++;
    const { message, cause } = error as Error;
    const code = cause instanceof Error && "code" in cause ? ` (${cause.code})` : "";
    console.log(`FAILED   ${name}: ${message}${code}`);
  }
}

type CallOptions = { body?: Uint8Array<ArrayBuffer> | ReadableStream; base?: string };

function call(method: string, route: string, key?: string, { body, base = api }: CallOptions = {}) {
  return fetch(`${base}/${route}`, {
    method,
    // A redirect must not lead the key to another host.
    redirect: "manual",
    headers: { ...(key && { "x-functions-key": key }), ...(body && { "content-type": "application/json" }) },
    signal: AbortSignal.timeout(TIME_LIMIT),
    // A stream has no known length, so it is sent in chunks.
    ...(body && { body, duplex: "half" as const }),
  });
}

async function expectStatus(response: Response, ...expected: number[]): Promise<undefined> {
  if (expected.includes(response.status)) return;
  const problem = await problemOf(response);
  throw new Error(`answers ${response.status} and not ${expected[0]}${problem ? `: ${problem}` : ""}`);
}

async function problemOf(response: Response): Promise<string | undefined> {
  const body = await response.json().catch(() => undefined);
  const detail = (body as { detail?: unknown } | undefined)?.detail;
  return typeof detail === "string" ? detail : undefined;
}
