import { parseArgs } from "node:util";
import { operations } from "../functions/operations.ts";

/**
 * Looks at a deployed app from outside, with a key, and changes nothing: everything that can be read answers, nothing
 * answers without a key that should have one, and what the app says of itself is shown.
 */
const USAGE = `npm run smoke -- https://your-app.azurewebsites.net [--key KEY]
The function key can be in FUNCTION_KEY instead, where no shell remembers it.`;

/** Milliseconds. A deployed app that has slept starts first. */
const TIME_LIMIT = 60_000;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { key: { type: "string", default: process.env.FUNCTION_KEY ?? "" } },
});
const [address] = positionals;
if (address === undefined || !URL.canParse(address)) {
  console.error(USAGE);
  process.exit(2);
}
const api = `${address.replace(/\/+$/, "")}/api`;
const isLocal = ["localhost", "127.0.0.1"].includes(new URL(api).hostname);
let failures = 0;

await check("health", async () => expectStatus(await call("GET", "health"), 200));

for (const { id, method, route, access, output } of operations) {
  if (method !== "GET" || access !== "key" || /\{/.test(route)) continue;
  await check(`${id} (GET /${route})`, async () => {
    const response = await call("GET", route, values.key);
    const { status } = response;
    // What a set-up may refuse, it says so in its own words; that is an answer.
    if (status === 409) return `409: ${(await problemOf(response)) ?? ""}`;
    return expectStatus(response, output.status, ...Object.keys(output.otherStatuses ?? {}).map(Number));
  });
  if (!isLocal) await check(`${id} without a key`, async () => expectStatus(await call("GET", route), 401));
}

for (const { id, route } of operations.filter(({ route }) => route.startsWith("receivers/"))) {
  await check(`${id} without credentials`, async () => expectStatus(await call("POST", route), 401));
}

if (!isLocal) {
  await check("https only", async () => {
    const response = await call("GET", "health", undefined, api.replace(/^https:/, "http:"));
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

function call(method: string, route: string, key?: string, base = api): Promise<Response> {
  return fetch(`${base}/${route}`, {
    method,
    // A key must not follow a redirect to somewhere else.
    redirect: "manual",
    headers: key ? { "x-functions-key": key } : {},
    signal: AbortSignal.timeout(TIME_LIMIT),
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
