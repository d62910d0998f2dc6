import { afterAll, beforeAll, expect, test } from "vitest";
import { fixture, startHostProcess } from "./host-process.ts";

let host: Awaited<ReturnType<typeof startHostProcess>>;
beforeAll(async () => {
  host = await startHostProcess({ app: fixture("hooks.cjs") });
});
afterAll(() => host.stop());

test("the hooks of a CommonJS app run in every invocation", async () => {
  const response = await fetch(`${host.url}/api/hooked`);
  expect(response.headers.get("x-hook")).toBe("in preInvocation");
  expect(await response.json()).toEqual({
    added: "added by a hook",
    seen: ["appStart"],
    unknownHook: "RangeError true",
    model: "@azure/functions",
  });
});

test("a postInvocation hook can replace the answer of a failed function", async () => {
  expect(await (await fetch(`${host.url}/api/hooked/yes`)).json()).toEqual({ rescued: "rescue me" });
});

test("a log hook changes the line that is logged", async () => {
  await fetch(`${host.url}/api/hooked`);
  await host.line(/"the \*\*\* is out"/);
  expect(host.stdout.join("\n")).not.toContain("secret");
});

test("a function whose registration was disposed is not served", async () => {
  expect((await fetch(`${host.url}/api/Gone`)).status).toBe(404);
});

test("appTerminate hooks run once when the host stops", async () => {
  host.kill("SIGINT");
  expect(await host.stop()).toEqual({ code: 0, signal: null });
  expect(host.stdout.filter((line) => line === "appTerminate ran")).toHaveLength(1);
});
