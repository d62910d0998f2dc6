import { expect, test } from "vitest";
import { NotFound, UpstreamFailed } from "../../shared/core/errors.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { openArrivals } from "../../shared/tickets/arrivals/arrivals.ts";
import { nextTry } from "../../shared/tickets/arrivals/next-try.ts";
import { newTable } from "../event-log/deliveries.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function setUp() {
  let time = Date.parse("2026-03-01T12:00:00.000Z");
  const tickets = new Map<string, object>();
  const told: NewEvent[] = [];
  let failure: Error | undefined;
  const arrivals = openArrivals({
    table: newTable(),
    now: () => time,
    async getTicket(id) {
      if (failure) throw failure;
      if (!tickets.has(id)) throw new NotFound("No such ticket.");
      return { id, ...tickets.get(id) };
    },
    log: {
      async append(event) {
        told.push(event);
        return { status: "stored", id: "an id", seq: told.length };
      },
    },
  });
  return {
    arrivals,
    tickets,
    told,
    fail: (error?: Error) => {
      failure = error;
    },
    pass: (ms: number) => {
      time += ms;
    },
    settle: () => arrivals.settleDue({ budgetMs: 10_000 }),
  };
}

test("an id is kept once, and its ticket is told as HelpDesk has it", async () => {
  const { arrivals, tickets, told, settle, pass } = setUp();
  tickets.set("T1", { subject: "Lamp", requester: { mail: "vera@example.com" } });
  expect([await arrivals.keep("T1"), await arrivals.keep("T1")]).toEqual([true, false]);
  await arrivals.settle("T1");
  expect(told).toMatchObject([
    { type: "ticket_created", origin: "webhook", ticketId: "T1", people: ["vera@example.com"] },
  ]);
  pass(DAY);
  expect(await settle()).toEqual({ told: 0, forgotten: 0, waiting: 0 });
});

test("a ticket that cannot be read is told by the timer once it can, and not before its time", async () => {
  const { arrivals, tickets, told, settle, pass, fail } = setUp();
  tickets.set("T1", {});
  await arrivals.keep("T1");
  fail(new UpstreamFailed("HelpDesk is down."));
  await arrivals.settle("T1");
  expect(await settle()).toEqual({ told: 0, forgotten: 0, waiting: 1 });
  pass(MINUTE);
  expect(await settle()).toEqual({ told: 0, forgotten: 0, waiting: 1 });
  fail();
  expect(await settle()).toEqual({ told: 0, forgotten: 0, waiting: 1 });
  pass(MINUTE);
  expect(await settle()).toEqual({ told: 1, forgotten: 0, waiting: 0 });
  expect(told).toHaveLength(1);
});

test("an id that HelpDesk does not know comes to nothing after ten minutes", async () => {
  const { arrivals, told, settle, pass } = setUp();
  await arrivals.keep("forged");
  await arrivals.settle("forged");
  pass(5 * MINUTE);
  expect(await settle()).toMatchObject({ waiting: 1 });
  pass(5 * MINUTE);
  expect(await settle()).toMatchObject({ forgotten: 1 });
  expect(told).toEqual([]);
});

test("the pauses grow, up to half an hour, for a week", () => {
  const at = (attempts: number, age: number) => nextTry("failed", { attempts, receivedAt: 0 }, age);
  expect([1, 2, 3, 20].map((attempts) => at(attempts, 0))).toEqual([30_000, MINUTE, 2 * MINUTE, 30 * MINUTE]);
  expect(at(500, 7 * DAY - 1)).toBeDefined();
  expect(at(500, 7 * DAY)).toBeUndefined();
  expect(nextTry("unknown", { attempts: 5, receivedAt: 0 }, 10 * MINUTE)).toBeUndefined();
});
