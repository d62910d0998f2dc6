import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
  Conflict,
  NotFound,
  StorageUnavailable,
  TooManyRequests,
  UpstreamFailed,
} from "../../shared/core/errors.ts";
import { type PagePosition, ticketSource } from "../../shared/livechat/v2/ticket-source.ts";
import { lastSuccess, readHistory } from "../../shared/reconcile/history.ts";
import { type ReconciliationOptions, reconcile } from "../../shared/reconcile/reconcile.ts";
import type { ReconcileState } from "../../shared/reconcile/state.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import { type Ticket, TicketPage } from "../../shared/schemas/ticket.ts";
import { LeaseLost } from "../../shared/storage/lease.ts";
import type { TicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { newTableName, openStore } from "../tickets/store/open-store.ts";
import { Account } from "./account.ts";
import { createMemory, openMemoryStore } from "./memory-store.ts";
import { Mortal } from "./simulation.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type Run = Partial<Omit<ReconciliationOptions<Ticket, PagePosition>, "source">> & {
  listTickets?: (page: number) => Promise<TicketPage>;
};

/** An account of this size, and its reconciliation. Options of `run` replace those of the reconciliation. */
function setUp(
  size: number,
  { store = memoryStore(), pageSize = 25 }: { store?: TicketStore; pageSize?: number } = {},
) {
  const account = new Account(size);
  const log = new Map<string, string>();
  const appendCreated = async (tickets: Ticket[]) =>
    tickets.map(({ id }) => {
      if (log.has(id)) return "duplicate";
      log.set(id, "reconcile");
      return "stored";
    });
  const run = ({ listTickets = async (page) => account.list(page, pageSize), ...more }: Run = {}) =>
    reconcile({
      holder: "the timer",
      sink: store,
      now: () => account.now,
      budgetMs: 4 * MINUTE,
      wait: async (ms) => {
        account.now += ms;
      },
      source: ticketSource(listTickets, { pageSize }),
      appendCreated,
      ...more,
    });
  return { account, log, store, run, appendCreated };
}

function memoryStore(): TicketStore {
  return openMemoryStore(createMemory(), (write) => write());
}

async function storedIds(store: TicketStore, deleted = false): Promise<string[]> {
  return (await store.list({ deleted, limit: 1000 })).items.map(({ id }) => id);
}

const idsOf = (tickets: readonly Ticket[]) => tickets.map(({ id }) => id);

describe("the cost of a run", () => {
  test("the first sweep reads every page once", async () => {
    const { run, store, account } = setUp(60);
    expect(await run()).toMatchObject({ mode: "first", outcome: "completed", calls: 3, pages: 3, added: 60 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
  });

  test("a run that finds no change makes one call and one write besides its lease", async () => {
    const requests: string[] = [];
    const tableName = newTableName();
    const store = openStore(tableName, (send, { method, url, body }) => {
      const names = `${decodeURIComponent(url)} ${body}`.match(/(?<=RowKey=')[^']+|(?<="RowKey":")[^"]+/g);
      if (method !== "GET") requests.push(`${method} ${[...new Set(names?.map(decodeURIComponent))].join()}`);
      return send();
    });
    const { run, account } = setUp(60, { store });
    await run();
    account.now += 5 * MINUTE;
    requests.length = 0;

    expect(await run()).toMatchObject({ mode: "incremental", calls: 1, added: 0, changed: 0, unchanged: 25 });
    expect(requests).toEqual(["POST lease", "POST state,note:run:02", "DELETE lease"]);
  });

  test.each([1, 24, 25, 49, 50, 200])(
    "a run after %i changes reads and stores only the pages with changes",
    async (changes) => {
      const { run, account, store } = setUp(300);
      await run();
      account.now += 15 * MINUTE;
      await run();
      for (let i = 0; i < changes; i++) {
        account.now += 1000;
        if (i % 3 === 0) account.create();
        else account.change(299);
      }
      expect(await run()).toMatchObject({
        ...{ mode: "incremental", outcome: "completed", calls: Math.floor(changes / 25) + 1 },
        ...{ added: Math.ceil(changes / 3), changed: changes - Math.ceil(changes / 3) },
      });
      expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    },
  );

  test("tickets of the checkpoint's second are read again until that second is over", async () => {
    const { run, account } = setUp(10);
    await run();
    for (let i = 0; i < 60; i++) account.create();
    expect(await run()).toMatchObject({ calls: 3, added: 60 });
    expect(await run()).toMatchObject({ calls: 3, added: 0 });
    account.now += MINUTE + 1000;
    expect(await run()).toMatchObject({ calls: 3, added: 0 });
    expect(await run()).toMatchObject({ calls: 1, added: 0 });
  });
});

describe("a new ticket", () => {
  test("only a new ticket without an event gets one", async () => {
    const { run, account, log } = setUp(30);
    await run();
    const delivered = account.create();
    log.set(delivered.id, "webhook");
    account.now += 1000;
    const missed = account.create();

    expect(await run()).toMatchObject({ added: 2, recovered: 1 });
    expect([...log]).toEqual([
      [delivered.id, "webhook"],
      [missed.id, "reconcile"],
    ]);
  });

  test("a ticket of the watch's first second is new only if its id was not known", async () => {
    const { run, account, log } = setUp(3);
    const before = account.create();
    await run();
    const after = account.create();
    await run();

    expect([...log.keys()]).toEqual([after.id]);
    expect(before.date).toBe(after.date);
  });

  test("every ticket created in an empty account gets an event", async () => {
    const { run, account, log } = setUp(0);
    expect(await run()).toMatchObject({ mode: "first", outcome: "completed", calls: 1 });
    account.create();
    account.create();
    expect(await run()).toMatchObject({ added: 2, recovered: 2 });
    expect([...log.keys()].sort()).toEqual(["T1", "T2"]);
  });

  test("events of new tickets are appended, oldest first, before the tickets are stored", async () => {
    const { run, account, store, appendCreated } = setUp(3);
    await run();
    for (let i = 0; i < 3; i++) {
      account.create();
      account.now += 1000;
    }
    const appended: string[] = [];
    await run({
      async appendCreated(tickets) {
        for (const { id } of tickets) expect(await store.get(id)).toBeUndefined();
        appended.push(...idsOf(tickets));
        return appendCreated(tickets);
      },
    });
    expect(appended).toEqual(["T4", "T5", "T6"]);
  });

  test("a new ticket is not stored while its event cannot be appended", async () => {
    const { run, account, store, log } = setUp(3);
    await run();
    account.create();
    const down = new StorageUnavailable("The event log is down.");
    await expect(run({ appendCreated: () => Promise.reject(down) })).rejects.toBe(down);
    expect(await store.get("T4")).toBeUndefined();

    expect(await run()).toMatchObject({ added: 1, recovered: 1 });
    expect([...log.keys()]).toEqual(["T4"]);
  });
});

describe("a deleted ticket", () => {
  test("a lower count causes sweeps, which mark the deleted tickets", async () => {
    const { run, account, store } = setUp(60);
    await run();
    account.remove(40);
    account.remove(3);
    // Page 1, then twice a sweep of three pages and page 1 again.
    expect(await run()).toMatchObject({ mode: "sweep", calls: 9, deleted: 2, changed: 0 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect((await store.get(account.removed[0]?.id ?? ""))?.deletedAt).toBe(
      new Date(account.now).toISOString(),
    );
    expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
  });

  test("a deleted ticket is marked within a day until it returns", async () => {
    const { run, account, store } = setUp(60);
    await run();
    const [gone] = account.tickets.splice(40, 1);
    account.now += DAY;
    expect(await run()).toMatchObject({ mode: "sweep", deleted: 1 });
    if (gone) account.tickets.splice(40, 0, gone);
    expect(await run()).toMatchObject({ mode: "sweep", restored: 1 });
    expect(await store.get(gone?.id ?? "")).toEqual(gone);
  });

  test.each<[string, (right: TicketPage) => TicketPage]>([
    ["without tickets", (right) => ({ ...right, tickets: [] })],
    ["with a part of its tickets", (right) => ({ ...right, tickets: right.tickets.slice(0, 7) })],
    [
      "with a ticket twice",
      (right) => ({ ...right, tickets: right.tickets.map((_, i, all) => all[i && i - 1]) as Ticket[] }),
    ],
  ])("an answer %s makes the run fail and marks no ticket as deleted", async (_, falsify) => {
    const { run, account, store } = setUp(60);
    await run();
    account.now += DAY;
    const listTickets = async (page: number) => falsify(account.list(page));
    for (let i = 0; i < 3; i++) await expect(run({ listTickets })).rejects.toThrow(UpstreamFailed);

    expect(await storedIds(store, true)).toEqual([]);
    expect((await readHistory(store)).runs[0]).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/cannot be right/),
    });
    expect(await run()).toMatchObject({ outcome: "completed", deleted: 0 });
  });

  test("most tickets are marked as deleted only after two runs' sweeps missed them", async () => {
    const { run, account, store } = setUp(60);
    await run();
    const cut = async () => ({ total: 10, pages: 1, tickets: account.list(1).tickets.slice(0, 10) });
    expect(await run({ listTickets: cut })).toMatchObject({ mode: "sweep", deleted: 0 });
    expect(await run()).toMatchObject({ deleted: 0 });
    expect(await storedIds(store)).toHaveLength(60);

    account.now += MINUTE;
    account.tickets.splice(10);
    // Both sweeps missed the tickets, and the second sweep is a minute after the first.
    expect(await run()).toMatchObject({ mode: "sweep", deleted: 50 });
    expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
  });

  test("stale pages that contradict the account's count mark no ticket as deleted", async () => {
    const { run, account, store } = setUp(60);
    await run();
    account.now += DAY;
    let call = 0;
    // Two pages of the sweep come from a stale copy.
    const listTickets = async (page: number) => {
      const { tickets } = account.list(1);
      return ++call === 2 || call === 3
        ? { total: 40, pages: 2, tickets: page === 1 ? tickets : account.list(2).tickets.slice(0, 15) }
        : account.list(page);
    };
    expect(await run({ listTickets })).toMatchObject({ mode: "sweep", deleted: 0 });
    expect(await storedIds(store)).toHaveLength(60);
  });
});

describe("an account that becomes empty", () => {
  const empty = async () => ({ total: 0, pages: 0, tickets: [] });

  test("the tickets of an emptied account are marked by a second sweep a minute later", async () => {
    const { run, account, store } = setUp(60);
    await run();
    account.tickets.splice(0);
    expect(await run()).toMatchObject({ outcome: "completed", mode: "sweep", deleted: 0 });
    account.now += MINUTE - 1;
    expect(await run()).toMatchObject({ outcome: "completed", deleted: 0 });
    account.now += 1;
    expect(await run()).toMatchObject({ outcome: "completed", mode: "sweep", deleted: 60 });
    expect(await storedIds(store)).toEqual([]);
    expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
  });

  test("a wrong empty list changes neither the tickets nor the checkpoint", async () => {
    const { run, account, store, log } = setUp(60);
    const { checkpoint } = await run();
    expect(await run({ listTickets: empty })).toMatchObject({ checkpoint: { after: checkpoint.after } });
    account.now += MINUTE;
    account.create();
    expect(await run()).toMatchObject({ outcome: "completed", added: 1, recovered: 1, deleted: 0 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect([...log.keys()]).toEqual(["T61"]);
  });

  test("a ticket created after the account became empty gets an event", async () => {
    const { run, account, log } = setUp(3);
    await run();
    account.tickets.splice(0);
    for (let runs = 0; runs < 2; runs++) {
      await run();
      account.now += MINUTE;
    }
    account.create();
    expect(await run()).toMatchObject({ added: 1, recovered: 1 });
    expect([...log.keys()]).toEqual(["T4"]);
  });
});

describe("a count that is off", () => {
  test.each([
    [-1, 60],
    [1, 60],
    [-1, 51],
    [1, 49],
    [-1, 50],
    [1, 50],
    [-1, 1],
    [1, 24],
    [-5, 60],
  ])("with a count off by %i of %i, all tickets are stored and the sweeps end", async (off, size) => {
    const { run, account, store } = setUp(size);
    const listTickets = async (page: number) => {
      const { tickets } = account.list(page);
      const total = account.tickets.length + off;
      return { tickets, total, pages: Math.ceil(total / 25) };
    };
    expect(await run({ listTickets })).toMatchObject({ outcome: "completed", added: size, deleted: 0 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    account.now += 15 * MINUTE;
    await run({ listTickets });
    const { mode, calls } = await run({ listTickets });
    // A first page that is shorter than the count is read twice.
    expect([mode, calls]).toEqual(["incremental", size + off > size && size < 25 ? 2 : 1]);

    account.now += 1000;
    account.create();
    account.remove(account.tickets.length - 1);
    await run({ listTickets });
    account.now += DAY;
    expect(await run({ listTickets })).toMatchObject({ outcome: "completed" });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
  });

  test("a count off by one at every other call does not stop a sweep", async () => {
    const { run, account, store } = setUp(110);
    let calls = 0;
    const listTickets = async (page: number) => ({
      ...account.list(page),
      total: account.tickets.length - (calls++ % 2),
    });
    for (let runs = 0; runs < 3; runs++) {
      expect(await run({ listTickets })).toMatchObject({ outcome: "completed", deleted: 0 });
    }
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
  });
});

describe("pages of another size", () => {
  test.each([10, 20, 24, 26, 50, 100])("a page size of %i tickets is learned and kept", async (pageSize) => {
    const { run, account, store } = setUp(190);
    const listTickets = async (page: number) => account.list(page, pageSize);
    expect(await run({ listTickets })).toMatchObject({ outcome: "completed", mode: "first", added: 190 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    account.now += 15 * MINUTE;
    // A page may end before the checkpoint's second.
    await run({ listTickets });
    expect(await run({ listTickets })).toMatchObject({ mode: "incremental", calls: 1 });

    for (let i = 0; i < 60; i++) {
      account.change(189);
      account.now += 1000;
    }
    account.remove(180);
    expect(await run({ listTickets })).toMatchObject({ outcome: "completed", changed: 60, deleted: 1 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
  });
});

describe("a ticket that was modified in the future", () => {
  const inTheFuture = (account: Account, count: number) => {
    for (let i = 0; i < count; i++) {
      const ticket = account.tickets.pop() as Ticket;
      account.tickets.unshift({ ...ticket, modified: `203${i % 10}-01-01T00:00:00.000Z` });
    }
    account.shuffle(0);
  };

  test.each([1, 30])("%i tickets modified in the future do not hide later changes", async (count) => {
    const { run, account, store, log } = setUp(90);
    const top = account.tickets[0]?.modified;
    inTheFuture(account, count);
    expect(await run()).toMatchObject({ outcome: "completed", added: 90, checkpoint: { after: top } });

    account.now += MINUTE;
    const created = account.create();
    account.shuffle(0);
    expect(await run()).toMatchObject({ added: 1, recovered: 1, checkpoint: { after: created.modified } });
    account.now += MINUTE;
    account.change(account.tickets.length - 1);
    account.shuffle(0);
    expect(await run()).toMatchObject({ changed: 1 });
    expect(await storedIds(store)).toHaveLength(91);
    for (const ticket of account.tickets) expect(await store.get(ticket.id)).toEqual(ticket);
    expect([...log.keys()]).toEqual([created.id]);
  });

  test("a stored checkpoint in the future does not hide later changes", async () => {
    const { run, account, store } = setUp(30);
    await run();
    const writer = await store.write();
    const checkpoint = { key: account.now + DAY, closed: true };
    const state = { ...(writer.state as ReconcileState), checkpoint };
    await writer.commit({ state });
    const changed = account.change(29);
    expect(await run()).toMatchObject({ outcome: "completed", changed: 1 });
    expect(await store.get(changed?.id ?? "")).toEqual(changed);
  });
});

describe("a ticket that does not fit its schema", () => {
  const odd = { tags: ["sales", null] } as unknown as Ticket;
  const withOdd = ({ account }: ReturnType<typeof setUp>, at: number, strange: object = odd) =>
    v.parse(TicketPage, {
      ...account.list(1),
      tickets: account
        .list(1)
        .tickets.map((ticket, index) => (index === at ? { ...ticket, ...strange } : ticket)),
    });

  test("a ticket that does not fit its schema is stored unchanged as odd until it fits", async () => {
    const set = setUp(20);
    const { run, account, store } = set;
    const [id] = idsOf(account.tickets.slice(7));
    expect(await run({ listTickets: async () => withOdd(set, 7) })).toMatchObject({ added: 20, odd: 1 });
    expect(await store.get(id ?? "")).toEqual({ ...account.tickets[7], ...odd });
    expect(await readHistory(store)).toMatchObject({ odd: [id], runs: [{ odd: 1 }] });
    expect(await run()).toMatchObject({ odd: 0, changed: 1 });
    expect(await readHistory(store)).toMatchObject({ odd: [] });
  });

  test("a new ticket that does not fit its schema gets its event", async () => {
    const set = setUp(5);
    await set.run();
    set.account.now += 1000;
    const { id } = set.account.create();
    const strange = { requester: 7, events: "none", modified: "today", status: [] };
    expect(await set.run({ listTickets: async () => withOdd(set, 0, strange) })).toMatchObject({
      ...{ outcome: "completed", added: 1, recovered: 1, odd: 1 },
    });
    expect([...set.log.keys()]).toEqual([id]);
  });

  test("only a ticket without an id is left out and counted", async () => {
    const set = setUp(20);
    const { id } = set.account.tickets[3] as Ticket;
    const report = await set.run({ listTickets: async () => withOdd(set, 3, { id: null }) });
    expect(report).toMatchObject({ outcome: "completed", added: 19, withoutId: 1 });
    expect(await set.store.get(id)).toBeUndefined();
  });
});

describe("tickets of the same second that change places between two pages", () => {
  /**
   * Changes four tickets, the last one a second later. Lists them on pages of two in an order that leaves the third
   * ticket off both pages.
   */
  const hideOne = ({ account }: ReturnType<typeof setUp>) => {
    const changed = account.tickets.slice(-4).map(({ id }) => id);
    for (const [index, id] of changed.entries()) {
      if (index === 3) account.now += 1000;
      account.change(account.tickets.findIndex((ticket) => ticket.id === id));
    }
    const listTickets = async (page: number) => {
      const [last, ...others] = account.tickets;
      const [third, second, first, ...rest] = others as [Ticket, Ticket, Ticket, ...Ticket[]];
      const order = page === 1 ? [third, second, first] : [second, third, first];
      const tickets = [last as Ticket, ...order, ...rest];
      return { total: tickets.length, pages: 0, tickets: tickets.slice((page - 1) * 2, page * 2) };
    };
    return { hidden: account.tickets[2] as Ticket, listTickets };
  };

  test("creations and removals during a sweep cause no further sweep if all are stored", async () => {
    const { run, account, store } = setUp(12, { pageSize: 2 });
    await run();
    account.now += DAY;
    let call = 0;
    const sweep = await run({
      async listTickets(page) {
        account.now += 1000;
        call++;
        if (call === 3) account.create();
        if (call === 5) account.remove(account.tickets.length - 1);
        return account.list(page, 2);
      },
    });
    expect(sweep).toMatchObject({ mode: "sweep", outcome: "completed", deleted: 1 });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
  });

  test("a ticket missed among changes of one second is stored by the next run", async () => {
    const set = setUp(12, { pageSize: 2 });
    const { run, store } = set;
    await run();
    const { hidden, listTickets } = hideOne(set);
    await run({ listTickets });
    expect(await store.get(hidden.id)).not.toEqual(hidden);
    expect(await store.get(hidden.id)).not.toHaveProperty("deletedAt");

    await run();
    expect(await store.get(hidden.id)).toEqual(hidden);
  });

  test.each([
    ["before a sweep", false],
    ["during a sweep", true],
  ])("a ticket hidden %s by others of its second is not marked as deleted", async (_, during) => {
    const set = setUp(12, { pageSize: 2 });
    const { run, account, store } = set;
    await run();
    account.now += DAY;
    const slow = async (page: number) => {
      account.now += 1000;
      return account.list(page, 2);
    };
    // The checkpoint's page, and two of the sweep's.
    if (during) await run({ listTickets: slow, budgetMs: 3000 });
    const { hidden, listTickets } = hideOne(set);
    const report = await run({
      async listTickets(page) {
        const isLast = page === account.tickets.length / 2;
        const answer = await listTickets(page);
        // A ticket that the sweep has seen is deleted during the last call.
        if (isLast) account.remove(account.tickets.length - 3);
        return answer;
      },
    });

    expect(report).toMatchObject({ mode: "sweep", outcome: "completed", deleted: 0 });
    expect(await store.get(hidden.id)).not.toHaveProperty("deletedAt");
    for (let runs = 0; runs < 2; runs++) await run({ listTickets: slow });
    expect(await storedIds(store)).toHaveLength(11);
    expect(await store.get(hidden.id)).toEqual(hidden);
  });
});

describe("a run that does not come to its end", () => {
  const withTwoLives = (size: number) => {
    const memory = createMemory();
    const base = setUp(size, { store: openMemoryStore(memory, (write) => write()) });
    /** Makes a run whose process dies at this write or append, before or after it is done. */
    const die = async (at: number, done: boolean): Promise<boolean> => {
      const dying = new Mortal({ at, done });
      const store = openMemoryStore(memory, (write) => dying.touch(write));
      const appendCreated = async (tickets: Ticket[]) => {
        const { happens, lives } = dying.next();
        const outcomes = happens ? await base.appendCreated(tickets) : [];
        if (lives) return outcomes;
        throw new StorageUnavailable("The process is dead.");
      };
      await base.run({ sink: store, appendCreated }).catch((error) => {
        if (!dying.dead) throw error;
      });
      // Outlasts the lease.
      base.account.now += MINUTE;
      return dying.dead;
    };
    return { ...base, die };
  };

  test.each([
    [1, false, [1, 2, 3, 4]],
    [1, true, [1, 2, 3, 4]],
    [2, false, [1, 2, 3, 4]],
    [2, true, [1, 3, 4]],
    [3, false, [1, 3, 4]],
    [4, false, [1, 4]],
    [4, true, [1]],
  ])("a run continues at the page of a run killed at write %i (done: %s)", async (at, done, pages) => {
    const { die, run, store, account } = withTwoLives(90);
    // The first write is the lease. Each page follows with a write of its own.
    await die(at, done);
    const read: number[] = [];
    await run({
      async listTickets(page) {
        read.push(page);
        return account.list(page);
      },
    });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect(read).toEqual(pages);
  });

  test("after a death at any write or append, two runs complete tickets and events", async () => {
    for (const done of [false, true]) {
      for (let at = 0, died = true; died; at++) {
        const { die, run, store, account, log } = withTwoLives(60);
        await run();
        account.remove(50);
        account.remove(5);
        account.change(40);
        account.create();
        account.now += DAY;
        died = await die(at, done);
        await run();
        await run();
        expect(await storedIds(store)).toEqual(idsOf(account.tickets));
        expect((await storedIds(store, true)).sort()).toEqual(idsOf(account.removed).sort());
        expect([...log.keys()]).toEqual(["T61"]);
        expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
      }
    }
  });

  test("a run whose process died is recorded as died by the next run", async () => {
    const { die, run, store } = withTwoLives(100);
    await die(3, true);
    const { runs, progress } = await readHistory(store);
    expect(runs).toEqual([]);
    expect(progress).toMatchObject({ mode: "first", page: 3, pages: 4 });
    await run();
    expect((await readHistory(store)).runs).toMatchObject([
      { number: 2, outcome: "completed", added: 25 },
      { number: 1, outcome: "died", added: 75, pages: 3 },
    ]);
    expect((await readHistory(store)).progress).toBeUndefined();
  });

  test("a run stopped at its time limit is continued by the next one", async () => {
    const { run, account, store } = setUp(90);
    const slow = async (page: number) => {
      account.now += 10_000;
      return account.list(page);
    };
    const first = await run({ listTickets: slow, budgetMs: 15_000 });
    expect(first).toMatchObject({ mode: "first", outcome: "stopped", pages: 2, durationMs: 20_000 });
    const { progress } = await readHistory(store);
    expect(progress).toEqual({
      ...{ mode: "first", page: 2, pages: 4, startedAt: first.startedAt },
      expectedEnd: new Date(Date.parse(first.startedAt) + 40_000).toISOString(),
    });
    expect(await run({ listTickets: slow, budgetMs: 15_000 })).toMatchObject({
      outcome: "stopped",
      pages: 2,
    });
    expect(await run({ listTickets: slow, budgetMs: 15_000 })).toMatchObject({
      outcome: "completed",
      pages: 2,
    });
    expect(await storedIds(store)).toHaveLength(90);
  });

  test.each<[string, object]>([
    ["that went back", { before: { page: 2, rows: [] }, unmoved: 3, strange: { page: 3, rows: [] } }],
    ["that doubts all keys", { doubtsAll: true }],
    ["whose third page was refused", { joined: true, missing: 3 }],
  ])("a sweep %s in an earlier build is continued until the deletion is found", async (_, walk) => {
    const { run, account, store } = setUp(90);
    await run();
    account.now += DAY;
    account.remove(40);
    // The checkpoint's page, and two of the sweep's.
    const slow = async (page: number) => {
      account.now += 1000;
      return account.list(page);
    };
    expect(await run({ listTickets: slow, budgetMs: 3000 })).toMatchObject({ outcome: "stopped" });
    const writer = await store.write();
    const { sweep, lastSweep, ...state } = writer.state as ReconcileState<PagePosition>;
    if (!sweep || !lastSweep) throw new Error("The sweep is not unfinished");
    const { extraAt: __, ...past } = lastSweep;
    const position = { ...sweep.position, walk: { ...sweep.position.walk, ...walk } };
    const earlier = {
      ...state,
      lastSweep: { ...past, aheadMs: 3000 },
      sweep: { ...sweep, position, first: false, workedMs: 2000 },
    };
    await writer.commit({ state: earlier });
    const read: number[] = [];
    const { mode, outcome } = await run({
      async listTickets(page) {
        read.push(page);
        return account.list(page);
      },
    });
    expect([mode, outcome]).toEqual(["sweep", "completed"]);
    // The checkpoint's page, and the third page of the sweep.
    expect(read.slice(0, 2)).toEqual([1, 3]);
    await run();
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect(await run()).toMatchObject({ mode: "incremental", calls: 1 });
  });

  test("a run that continues a reading then reads the changes since its beginning", async () => {
    const { run, account, store } = setUp(200);
    const slow = async (page: number) => {
      account.now += 10_000;
      return account.list(page);
    };
    await run();
    for (let i = 0; i < 80; i++) account.change(199);
    account.now += 1000;
    expect(await run({ listTickets: slow, budgetMs: 15_000 })).toMatchObject({
      outcome: "stopped",
      changed: 50,
    });
    // A ticket that the reading has passed: no ticket below it moves.
    const early = account.change(10);
    account.now += 1000;
    expect(await run({ listTickets: slow })).toMatchObject({ outcome: "completed", changed: 31 });
    for (const ticket of account.tickets) expect(await store.get(ticket.id)).toEqual(ticket);
    expect(early?.modified).toBe(account.tickets[0]?.modified);
  });

  test("a run waits for the rate limit only within its time limit", async () => {
    const { run, account } = setUp(90);
    let left = 2;
    const listTickets = async (page: number) => {
      if (left-- > 0) return account.list(page);
      left = 2;
      throw new TooManyRequests("The limit is used up.", { retryAfter: 40 });
    };
    expect(await run({ listTickets, budgetMs: 60_000 })).toMatchObject({
      ...{ outcome: "completed", calls: 4, throttledMs: 40_000, durationMs: 40_000 },
    });
    account.now += DAY;
    left = 2;
    expect(await run({ listTickets, budgetMs: 30_000 })).toMatchObject({
      ...{ mode: "sweep", outcome: "throttled", calls: 2, throttledMs: 0 },
    });
    const refuse = () => Promise.reject(new TooManyRequests("LiveChat is busy."));
    expect(await run({ listTickets: refuse })).toMatchObject({ outcome: "throttled", calls: 0 });
  });

  test("a sweep without its next page continues at the list's new end", async () => {
    const { run, account, store } = setUp(200);
    const listTickets = async (page: number) => {
      if (page > Math.ceil(account.tickets.length / 25)) throw new NotFound("No such page.");
      account.now += 1000;
      return account.list(page);
    };
    await run({ listTickets });
    account.now += DAY;
    expect(await run({ listTickets, budgetMs: 6000 })).toMatchObject({ mode: "sweep", outcome: "stopped" });
    for (let i = 0; i < 90; i++) account.remove(account.tickets.length - 1);
    expect(await run({ listTickets })).toMatchObject({ mode: "sweep", outcome: "completed" });
    await run({ listTickets });
    expect(await storedIds(store)).toEqual(idsOf(account.tickets));
    expect(await storedIds(store, true)).toHaveLength(90);
  });
});

describe("one run at a time", () => {
  test("during a run, a second one is refused with the first one's holder and start", async () => {
    const { run, account } = setUp(100);
    const since = new Date(account.now).toISOString();
    let second: unknown;
    await run({
      async listTickets(page) {
        second ??= await run({ holder: "another runner" }).catch((error) => error);
        return account.list(page);
      },
    });
    expect(second).toBeInstanceOf(LeaseLost);
    expect(second).toMatchObject({ message: expect.stringContaining("the timer") });
    expect(second).toMatchObject({ message: expect.stringContaining(since) });
    expect(await run({ holder: "another runner" })).toMatchObject({ outcome: "completed", calls: 1 });
  });

  test("a run writes nothing more after another took over its lease", async () => {
    for (const store of [memoryStore(), openStore()]) {
      const { run, account } = setUp(60, { store });
      let overtaken = false;
      const slow = run({
        async listTickets(page) {
          const answer = account.list(page);
          if (overtaken || page === 1) return answer;
          overtaken = true;
          await expect(run({ holder: "another runner" })).rejects.toThrow(LeaseLost);
          account.now += 2 * MINUTE;
          await run({ holder: "another runner" });
          account.change(0);
          return answer;
        },
      });
      await expect(slow).rejects.toThrow(LeaseLost);
      const { runs } = await readHistory(store);
      expect(runs.map(({ number, outcome }) => [number, outcome])).toEqual([
        [2, "completed"],
        [1, "died"],
      ]);
      expect(await run()).toMatchObject({ outcome: "completed", changed: 1 });
    }
  });

  test("a run keeps its lease while it waits for the rate limit", async () => {
    const { run, account } = setUp(60);
    let calls = 0;
    let seconds: unknown[] = [];
    await run({
      async wait(ms) {
        account.now += ms;
        seconds = [...seconds, await run().catch((error) => error)];
      },
      async listTickets(page) {
        if (++calls === 2) throw new TooManyRequests("The limit is used up.", { retryAfter: 90 });
        return account.list(page);
      },
    });
    expect(seconds).toHaveLength(9);
    for (const second of seconds) expect(second).toBeInstanceOf(LeaseLost);
  });
});

describe("the history of runs", () => {
  test("the last hundred runs are listed, newest first", async () => {
    const { run, store } = setUp(3);
    for (let i = 0; i < 105; i++) await run();
    const { runs } = await readHistory(store, { limit: 100 });
    expect(runs).toHaveLength(100);
    expect(runs.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, i) => 105 - i));
    let kept = 0;
    for await (const _ of store.notes("run:")) kept++;
    expect(kept).toBe(100);
    expect((await readHistory(store, { limit: 2 })).runs.map(({ number }) => number)).toEqual([105, 104]);
  });

  test("a run that LiveChat refuses with a 409 is recorded as failed", async () => {
    const { run, store } = setUp(3);
    const refused = new Conflict("LiveChat's current state does not allow this.", {
      upstream: { status: 409 },
    });
    await expect(run({ listTickets: () => Promise.reject(refused) })).rejects.toBe(refused);
    expect((await readHistory(store)).runs).toMatchObject([
      { number: 1, outcome: "failed", code: "conflict", reason: refused.message },
    ]);
  });

  test("the time of the last success stays after a failed run", async () => {
    const { run, account, store } = setUp(3);
    expect(await lastSuccess(store)).toBeUndefined();
    await run();
    const success = new Date(account.now).toISOString();
    expect(await lastSuccess(store)).toBe(success);

    account.now += MINUTE;
    const down = new UpstreamFailed("LiveChat is down.");
    await expect(run({ listTickets: () => Promise.reject(down) })).rejects.toBe(down);
    expect(await run({ listTickets: () => Promise.reject(new TooManyRequests("Busy.")) })).toMatchObject({
      calls: 0,
    });
    expect(await lastSuccess(store)).toBe(success);
    expect((await readHistory(store)).runs).toMatchObject([
      { number: 3, outcome: "throttled" },
      { number: 2, outcome: "failed", reason: "LiveChat is down.", calls: 1 },
      { number: 1, outcome: "completed" },
    ]);
  });
});

test("10,000 tickets that change during two runs are right after two more runs", async () => {
  const { run, account, store } = setUp(10_000);
  const sent: number[] = [];
  let calls = 0;
  const listTickets = async (page: number) => {
    account.now += 150;
    while (sent[0] !== undefined && sent[0] <= account.now - MINUTE) sent.shift();
    const oldest = sent[0];
    if (oldest !== undefined && sent.length >= 80) {
      throw new TooManyRequests("The limit is used up.", {
        retryAfter: Math.ceil((oldest + MINUTE - account.now) / 1000),
      });
    }
    sent.push(account.now);
    calls++;
    if (calls % 3 === 0) account.change((calls * 7919) % account.tickets.length);
    if (calls % 5 === 0) account.create();
    if (calls % 40 === 0) account.remove((calls * 104_729) % account.tickets.length);
    return account.list(page);
  };
  const reports: RunReport[] = [];
  let firstSweepOver: number | undefined;
  for (let runs = 0; runs < 3; runs++) {
    const from = account.now;
    reports.push(await run({ listTickets }));
    if ((await readHistory(store)).progress?.mode !== "first") firstSweepOver ??= reports.length;
    // A run never lasts longer than its budget and a call.
    expect(account.now - from).toBeLessThan(4.5 * MINUTE);
    account.now = Math.max(account.now, from + 5 * MINUTE);
  }
  // The first sweep takes two runs: four hundred pages, of which it reads some twice because tickets move.
  expect(reports[0]).toMatchObject({ mode: "first", outcome: "throttled", calls: 4 * 80 });
  expect(firstSweepOver).toBe(2);

  // Two runs at rest suffice at any size.
  for (let runs = 0; runs < 2; runs++) await run({ listTickets: async (page) => account.list(page) });
  const stored = (await store.list({ deleted: false, limit: 20_000 })).items;
  const byId = (a: Ticket, b: Ticket) => a.id.localeCompare(b.id);
  expect(stored.sort(byId)).toEqual(account.tickets.sort(byId));
});
