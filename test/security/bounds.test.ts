import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { operations } from "../../functions/operations.ts";
import { HTTP_BUDGET } from "../../functions/reconcile/run-tickets.ts";
import { RECONCILE_BUDGET } from "../../functions/timers.ts";
import { MAX_JSON_BYTES } from "../../shared/http/operation.ts";
import { type App, basic, startApp, WEBHOOK } from "../app/start-app.ts";

let app: App;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

const withBody = operations.flatMap(({ id, method, route, input }) => {
  const limit = input.body ? MAX_JSON_BYTES : input.delivery?.maxBytes;
  return limit === undefined ? [] : [{ id, method, route, limit }];
});

test.each(withBody)("$id answers 413 to a body over its limit", async ({ method, route, limit }) => {
  const headers = { "content-type": "application/json", authorization: basic(WEBHOOK) };
  const key = /^receivers.(text|helpdesk)/.test(route) ? `?key=${encodeURIComponent(WEBHOOK.password)}` : "";
  const url = `${app.url}/${route.replaceAll(/\{\w+\}/g, "x")}${key}`;
  const announced = await fetch(url, { method, headers, body: `"${"x".repeat(limit)}"` });
  expect(announced.status).toBe(413);
  expect(await announced.json()).toMatchObject({ type: "urn:livechat-functions:problem:too-large" });
});

test("a reconciliation ends at least 30 seconds before the platform would end it", () => {
  const { functionTimeout } = JSON.parse(readFileSync("host.json", "utf8"));
  expect(functionTimeout).toBe("00:05:00");
  expect(RECONCILE_BUDGET + 30_000).toBeLessThan(5 * 60_000);
  // https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
  expect(HTTP_BUDGET + 30_000).toBeLessThan(230_000);
});
