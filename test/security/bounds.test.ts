import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { operations } from "../../functions/operations.ts";
import { HTTP_BUDGET } from "../../functions/reconcile/run-tickets.ts";
import { RECONCILE_BUDGET } from "../../functions/timers.ts";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { MAX_JSON_BYTES } from "../../shared/http/operation.ts";
import { TOTAL_TIMEOUT } from "../../shared/livechat/send.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { type App, basic, startApp, WEBHOOK } from "../app/start-app.ts";
import { newClock, newTable, started } from "../event-log/deliveries.ts";
import { createMemory, openMemoryStore } from "../reconcile/memory-store.ts";
import { hang } from "../storage/faults.ts";

let app: App;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());
afterEach(() => {
  vi.useRealTimers();
});

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

test("an append to storage that hangs fails before LiveChat stops waiting", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked = Promise.withResolvers<void>();
  const table = newTable(undefined, (send, request) => {
    asked.resolve();
    return hang(send, request);
  });
  const refused = expect(openEventLog({ table, ...newClock() }).append(started())).rejects.toThrow("in time");
  await asked.promise;
  await vi.advanceTimersByTimeAsync(8_500);
  vi.useRealTimers();
  await refused;
});

/** Milliseconds after which a call of storage fails. */
const STORAGE_TIMEOUT = 4_000;

test("a reconciliation with calls of 25 seconds ends before the platform ends it", async () => {
  const { functionTimeout } = JSON.parse(readFileSync("host.json", "utf8"));
  expect(functionTimeout).toBe("00:05:00");
  for (const [budgetMs, limit] of [
    [RECONCILE_BUDGET, 5 * 60_000],
    // https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
    [HTTP_BUDGET, 230_000],
  ] as const) {
    let clock = Date.parse("2026-01-15T09:00:00.000Z");
    const endless = {
      begin: () => 1,
      async read(page: number) {
        clock += TOTAL_TIMEOUT;
        return { position: page + 1, items: [], progress: { page, pages: 1_000 } };
      },
      facts: ({ id }: Ticket) => ({ id }),
    };
    const sink = openMemoryStore(createMemory(), (write) => {
      clock += STORAGE_TIMEOUT;
      write();
    });
    const began = clock;
    const report = await reconcile({
      source: endless,
      sink,
      appendCreated: async () => [],
      holder: "a test",
      now: () => clock,
      budgetMs,
    });
    expect(report.outcome).toBe("stopped");
    expect(clock - began).toBeGreaterThan(budgetMs);
    expect(clock - began).toBeLessThan(limit);
  }
});
