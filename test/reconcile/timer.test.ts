import { expect, test } from "vitest";
import type { Services } from "../../functions/services.ts";
import { timers } from "../../functions/timers.ts";
import { Conflict } from "../../shared/core/errors.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";
import { readHistory } from "../../shared/reconcile/history.ts";
import { createMemory, openMemoryStore } from "./memory-store.ts";

const timer = timers({}).find(({ id }) => id === "ReconcileTicketsTimer");

/** A LiveChat that refuses each call with a 409, and the lines that the timer logs. */
function setUp() {
  const ticketStore = openMemoryStore(createMemory(), (write) => write());
  const refused = new Conflict("LiveChat's current state does not allow this.", {
    upstream: { status: 409 },
  });
  const liveChat = { ticketSource: async () => ticketSource(() => Promise.reject(refused)) };
  const services = { liveChat, ticketStore, now: Date.now } as unknown as Services;
  const logged: unknown[] = [];
  const run = () => timer?.run(services, (...line) => logged.push(line));
  return { ticketStore, refused, run, logged };
}

test("the ReconcileTicketsTimer records a run with a 409 of LiveChat as failed", async () => {
  const { ticketStore, refused, run, logged } = setUp();
  await expect(run()).rejects.toBe(refused);
  expect(logged).toEqual([]);
  expect((await readHistory(ticketStore)).runs).toMatchObject([{ number: 1, outcome: "failed" }]);
});

test("the ReconcileTicketsTimer logs a skipped run while another has the lease", async () => {
  const { ticketStore, run, logged } = setUp();
  await ticketStore.lock({ holder: "another run", ttlMs: 60_000 });
  await run();
  expect(logged).toEqual([["reconcile skipped", { reason: expect.stringContaining("another run") }]]);
});
