import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

const key = "a/key+with=signs";
const header = { "x-functions-key": key };

let host: Awaited<ReturnType<typeof startHostProcess>>;
beforeAll(async () => {
  // The key can come from the settings file, like any setting.
  const files = { "local.settings.json": { Values: { LOCAL_FUNCTION_KEY: key } } };
  host = await startHostProcess({ app: fixture("echo.mjs"), args: ["--enable-auth"], files });
});
afterAll(() => host.stop());

const status = async (path: string, headers: Record<string, string> = {}) =>
  (await fetch(host.url + path, { headers })).status;

test.each(["/api/tickets/1", "/api/for-admins", "/admin/functions", "/admin/host/status"])(
  "%s requires the key, in the header or in the query",
  async (path) => {
    const refused = await fetch(host.url + path);
    expect(refused.status).toBe(401);
    expect(await refused.text()).toBe("");
    expect(await status(path, { "x-functions-key": "wrong" })).toBe(401);
    expect(await status(path, { "x-functions-key": `${key} and more` })).toBe(401);
    expect(await status(path, { "x-functions-key": "" })).toBe(401);
    expect(await status(`${path}?code=wrong`)).toBe(401);
    expect(await status(path, header)).toBe(200);
    expect(await status(`${path}?a=b&code=${encodeURIComponent(key)}`)).toBe(200);
  },
);

test("an anonymous function accepts a missing and a wrong key", async () => {
  expect(await status("/api/echo")).toBe(200);
  expect(await status("/api/echo", { "x-functions-key": "wrong" })).toBe(200);
});

test("an unknown route is 404 without a key", async () => {
  expect(await status("/api/unknown")).toBe(404);
});
