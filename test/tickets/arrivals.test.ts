import { expect, test } from "vitest";
import { NotFound, UpstreamFailed } from "../../shared/core/errors.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import type { Watch } from "../../shared/reconcile/watch.ts";
import { hashed } from "../../shared/storage/keys.ts";
import { createRow } from "../../shared/storage/rows.ts";
import { ARRIVALS_PARTITION, openArrivals } from "../../shared/tickets/arrivals/arrivals.ts";
import { isNews } from "../../shared/tickets/arrivals/is-news.ts";
import { nextTry } from "../../shared/tickets/arrivals/next-try.ts";
import { newTable } from "../event-log/deliveries.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function setUp() {
  let time = Date.parse("2026-03-01T12:00:00.000Z");
  const tickets = new Map<string, object>();
  const stored = new Set<string>();
  let watch: Watch | undefined;
  const events: NewEvent[] = [];
  let failure: Error | undefined;
  const table = newTable();
  const arrivals = openArrivals({
    table,
    now: () => time,
    async getTicket(id) {
      if (failure) throw failure;
      if (!tickets.has(id)) throw new NotFound("No such ticket.");
      return { id, ...tickets.get(id) };
    },
    known: { watch: async () => watch, isStored: async (id) => stored.has(id) },
    log: {
      async append(event) {
        events.push(event);
        return { status: "stored", id: "an id", seq: events.length };
      },
    },
  });
  return {
    arrivals,
    tickets,
    events,
    /** Stores an id without `isEarly`, as earlier builds did. */
    async keepAsBefore(ticketId: string): Promise<void> {
      const row = {
        partitionKey: ARRIVALS_PARTITION,
        rowKey: `due:${hashed(["ticket", ticketId])}`,
        ticketId,
      };
      const at = new Date(time).toISOString();
      await createRow(table, { ...row, receivedAt: at, dueAt: at, attempts: 1 });
    },
    /** Stores all tickets, and begins to watch the account at the first call. */
    reconcile() {
      watch ??= { since: time };
      for (const id of tickets.keys()) stored.add(id);
    },
    /** Creates a ticket now. */
    create: (id: string) => tickets.set(id, { date: new Date(time).toISOString() }),
    fail: (error?: Error) => {
      failure = error;
    },
    pass: (ms: number) => {
      time += ms;
    },
    settle: () => arrivals.settleDue({ budgetMs: 10_000 }),
  };
}

test("an announced id becomes one event with the ticket from HelpDesk", async () => {
  const { arrivals, tickets, events, settle, pass } = setUp();
  tickets.set("T1", { subject: "Lamp", requester: { mail: "vera@example.com" } });
  expect([await arrivals.keep("T1"), await arrivals.keep("T1")]).toEqual([true, false]);
  await arrivals.settle("T1");
  expect(events).toMatchObject([
    { type: "ticket_created", origin: "webhook", subjectId: "T1", people: ["vera@example.com"] },
  ]);
  pass(DAY);
  expect(await settle()).toEqual({ added: 0, dropped: 0, waiting: 0 });
});

test("a timer adds the event of an announced ticket once its next attempt is due", async () => {
  const { arrivals, tickets, events, settle, pass, fail } = setUp();
  tickets.set("T1", {});
  await arrivals.keep("T1");
  fail(new UpstreamFailed("HelpDesk is down."));
  await arrivals.settle("T1");
  expect(await settle()).toEqual({ added: 0, dropped: 0, waiting: 1 });
  pass(MINUTE);
  expect(await settle()).toEqual({ added: 0, dropped: 0, waiting: 1 });
  fail();
  expect(await settle()).toEqual({ added: 0, dropped: 0, waiting: 1 });
  pass(MINUTE);
  expect(await settle()).toEqual({ added: 1, dropped: 0, waiting: 0 });
  expect(events).toHaveLength(1);
});

test("an announced id that HelpDesk does not know is dropped after ten minutes", async () => {
  const { arrivals, events, settle, pass } = setUp();
  await arrivals.keep("forged");
  await arrivals.settle("forged");
  pass(5 * MINUTE);
  expect(await settle()).toMatchObject({ waiting: 1 });
  pass(5 * MINUTE);
  expect(await settle()).toMatchObject({ dropped: 1 });
  expect(events).toEqual([]);
});

test("a row of an earlier build gets an event only if its ticket is new", async () => {
  const { events, create, keepAsBefore, reconcile, pass, settle } = setUp();
  create("old");
  pass(DAY);
  create("without");
  await keepAsBefore("old");
  await keepAsBefore("without");
  expect(await settle()).toEqual({ added: 1, dropped: 1, waiting: 0 });
  create("before");
  await keepAsBefore("before");
  reconcile();
  expect(await settle()).toMatchObject({ added: 1 });
  expect(events.map(({ subjectId }) => subjectId)).toEqual(["without", "before"]);
});

test("an announced ticket that is old or already stored gets no event", async () => {
  const { arrivals, events, create, reconcile, pass, settle } = setUp();
  create("old");
  pass(DAY);
  await arrivals.keep("old");
  await arrivals.settle("old");
  reconcile();
  await arrivals.keep("old");
  await arrivals.settle("old");
  create("stored by the reconciliation");
  reconcile();
  await arrivals.keep("stored by the reconciliation");
  await arrivals.settle("stored by the reconciliation");
  expect([events, await settle()]).toEqual([[], { added: 0, dropped: 0, waiting: 0 }]);
});

test("a ticket announced before the first reconciliation gets its event a day later", async () => {
  const { arrivals, events, create, reconcile, pass, settle, fail } = setUp();
  create("T1");
  await arrivals.keep("T1");
  fail(new UpstreamFailed("HelpDesk is down."));
  await arrivals.settle("T1");
  pass(MINUTE);
  await settle();
  fail();
  reconcile();
  pass(DAY);
  expect(await settle()).toEqual({ added: 1, dropped: 0, waiting: 0 });
  expect(events).toMatchObject([{ subjectId: "T1" }]);
});

test("isNews is true for a ticket that is newer than the watch and not stored", () => {
  const watch = { since: 10 * DAY };
  const is = (
    createdAt: number | undefined,
    more: { isEarly?: boolean; isStored?: boolean; watch?: Watch },
  ) => isNews({ id: "T1", createdAt }, { receivedAt: 20 * DAY, isEarly: false, isStored: false, ...more });
  expect(is(10 * DAY + 1, { watch })).toBe(true);
  expect(is(10 * DAY + 1, { watch, isStored: true })).toBe(false);
  expect(is(10 * DAY - 1, { watch })).toBe(false);
  expect(is(20 * DAY - MINUTE, { isEarly: true })).toBe(true);
  expect(is(20 * DAY - MINUTE, { isEarly: true, watch: { since: 21 * DAY }, isStored: true })).toBe(true);
  expect(is(19 * DAY, { isEarly: true })).toBe(false);
  // HelpDesk promises the time of creation. Without it, the webhook decides.
  expect([is(undefined, { watch }), is(undefined, { watch, isStored: true })]).toEqual([true, false]);
});

test("an unreadable ticket is read again for a week, with pauses up to half an hour", () => {
  const at = (attempts: number, age: number) => nextTry("failed", { attempts, receivedAt: 0 }, age);
  expect([1, 2, 3, 20].map((attempts) => at(attempts, 0))).toEqual([30_000, MINUTE, 2 * MINUTE, 30 * MINUTE]);
  expect(at(500, 7 * DAY - 1)).toBe(7 * DAY - 1 + 30 * MINUTE);
  expect(at(500, 7 * DAY)).toBeUndefined();
});

test("a ticket that the rate limit refused is read again after the shortest pause", () => {
  const at = (age: number) => nextTry("refused", { attempts: 30, receivedAt: 0 }, age);
  expect([at(MINUTE), at(7 * DAY)]).toEqual([1.5 * MINUTE, undefined]);
});

test("an id that HelpDesk does not know is read again for ten minutes", () => {
  const at = (age: number) => nextTry("unknown", { attempts: 1, receivedAt: 0 }, age);
  expect(at(10 * MINUTE - 1)).toBe(10 * MINUTE - 1 + 30_000);
  expect(at(10 * MINUTE)).toBeUndefined();
});
