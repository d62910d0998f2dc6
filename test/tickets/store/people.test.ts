import { expect, inject, test } from "vitest";
import { openPeople } from "../../../shared/people/people.ts";
import type { Writer } from "../../../shared/reconcile/sink.ts";
import type { StoredTicket } from "../../../shared/schemas/stored-ticket.ts";
import type { Ticket } from "../../../shared/schemas/ticket.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import { keepOut, ticketsPlace } from "../../../shared/tickets/store/people.ts";
import type { TicketQuery, TicketStore } from "../../../shared/tickets/store/ticket-store.ts";
import { type Fault, inject as injectFault, isTransaction, stoppingQueries } from "../../storage/faults.ts";
import { newTableName, openStore, stateAfter } from "./open-store.ts";

const DAY = 24 * 60 * 60_000;
const START = Date.parse("2026-03-01T12:00:00Z");
const at = (day: number) => new Date(START + day * DAY).toISOString();

function ticket(id: string, mail: string, more: Partial<Ticket> = {}): Ticket {
  return {
    id,
    subject: `About ${id}`,
    status: "open",
    date: at(0),
    modified: at(1),
    requester: { mail },
    ...more,
  };
}

/** The people of a table's tickets, on this day. */
function peopleOf(tableName: string, { day = 0, fault }: { day?: number; fault?: Fault } = {}) {
  const bare = openTable({ connectionString: inject("storage") }, tableName);
  const table = fault ? injectFault(bare, fault) : bare;
  const now = () => START + day * DAY;
  return openPeople({ table, places: [ticketsPlace({ table, deletedTicketDays: 30, now })], now });
}

async function put(writer: Writer<Ticket>, ...tickets: Ticket[]): Promise<void> {
  await writer.commit({ state: writer.state ?? stateAfter(0), put: await writer.compare(tickets) });
}

async function removeAll(writer: Writer<Ticket>, at: string): Promise<void> {
  const items = await Array.fromAsync(writer.liveItems());
  await writer.commit({ state: writer.state ?? stateAfter(0), remove: { items, at } });
}

async function all(store: TicketStore, query: TicketQuery = {}): Promise<StoredTicket[]> {
  const { items, next } = await store.list(query);
  return next === null ? items : [...items, ...(await all(store, { ...query, cursor: next }))];
}

async function textOf(tableName: string): Promise<string> {
  const rows = [];
  for await (const row of openTable({ connectionString: inject("storage") }, tableName).listEntities())
    rows.push(row);
  return JSON.stringify(rows);
}

const ANN = "ann@example.com";

test("an erasure removes the content of the person's tickets as requester or author", async () => {
  const name = newTableName();
  const store = openStore(name);
  const author = (type: string) => ({ events: [{ author: { id: ANN, type } }] });
  await put(
    await store.write(),
    ticket("own", "Ann@Example.com"),
    ticket("copied", "bob@example.com", author("client")),
    ticket("served", "bob@example.com", { ...author("agent"), assignee: { id: ANN } }),
    ticket("longer", `jo${ANN}`),
  );
  const { found, next } = await peopleOf(name).search(ANN, { maxBytes: 1e6 });
  expect(next).toBeNull();
  expect(found.map(({ item }) => (item as Ticket).id).sort()).toEqual(["copied", "own"]);

  expect(await peopleOf(name).erase(ANN)).toEqual({ erased: 2, done: true, undecided: [] });
  expect((await all(store)).map(({ id }) => id).sort()).toEqual(["longer", "served"]);
  expect(await store.get("own")).toEqual({ id: "own", erasedAt: at(0) });
  expect(await all(store, { requester: ANN })).toEqual([]);
  expect(await peopleOf(name).erase(ANN)).toMatchObject({ erased: 0 });
  await peopleOf(name).erase(`jo${ANN}`);
  expect(await textOf(name)).not.toContain(`jo${ANN}`);
});

test("an erased ticket stays a tombstone after a change, a deletion and a new listing", async () => {
  const name = newTableName();
  const store = openStore(name);
  const writer = await store.write();
  await put(writer, ticket("T", ANN), ticket("U", "bob@example.com"));
  await peopleOf(name).erase(ANN);

  expect((await writer.compare([ticket("T", ANN)])).map(({ result }) => result)).toEqual(["same"]);
  expect(writer.live).toBe(2);
  await put(writer, ticket("T", ANN, { modified: at(2) }));
  expect(await store.get("T")).toEqual({ id: "T", erasedAt: at(0) });
  expect((await writer.compare([ticket("T", ANN, { modified: at(2) })])).map(({ result }) => result)).toEqual(
    ["same"],
  );
  expect(await Array.fromAsync(writer.liveItems())).toHaveLength(2);

  await removeAll(writer, at(3));
  expect(await store.get("T")).toEqual({ id: "T", deletedAt: at(3), erasedAt: at(0) });
  expect(writer.live).toBe(0);
  await put(writer, ticket("T", ANN, { modified: at(2) }));
  expect(await store.get("T")).toEqual({ id: "T", erasedAt: at(0) });
  expect(writer.live).toBe(1);
  expect(await textOf(name)).not.toContain(ANN);
});

test("an erasure before any transaction of a commit stays when the commit completes", async () => {
  for (let before = 1; ; before++) {
    const name = newTableName();
    const tickets = Array.from({ length: 60 }, (_, index) => ticket(`T${index}`, index % 30 ? "b@x" : ANN));
    await put(await openStore(name).write(), ...tickets);
    let transactions = 0;
    const store = openStore(name, async (send, request) => {
      if (isTransaction(request) && ++transactions === before) await peopleOf(name).erase(ANN);
      return send();
    });
    const writer = await store.write();
    const changed = tickets.map((one) => ({ ...one, subject: "changed" }));
    await writer.commit({
      state: stateAfter(1),
      put: await writer.compare([...changed, ticket("new", "b@x")]),
    });
    if (transactions < before) {
      expect(before).toBe(3);
      return;
    }
    expect(writer.state).toEqual(stateAfter(1));
    expect(writer.live).toBe(61);
    expect((await openStore(name).write()).live).toBe(61);
    for (const id of ["T0", "T30"]) expect(await store.get(id)).toEqual({ id, erasedAt: at(0) });
    const left = await all(store, { limit: 1_000 });
    expect(left).toHaveLength(59);
    expect(left.filter(({ id, subject }) => id !== "new" && subject !== "changed")).toEqual([]);
    expect(await textOf(name)).not.toContain(ANN);
  }
});

test("a ticket that was kept out before its commit ends becomes a tombstone", async () => {
  const name = newTableName();
  const table = openTable({ connectionString: inject("storage") }, name);
  const store = openStore(name, async (send, request) => {
    if (isTransaction(request)) await keepOut(table, "T", at(0));
    return send();
  });
  const writer = await store.write();
  await put(writer, ticket("T", ANN), ticket("U", "bob@example.com"));
  expect(await store.get("T")).toEqual({ id: "T", erasedAt: at(0) });
  expect(writer.live).toBe(2);

  await keepOut(table, "V", at(1));
  expect(await store.get("V")).toEqual({ id: "V", erasedAt: at(1) });
  expect((await openStore(name).write()).live).toBe(2);
  const next = await store.write();
  const compared = await next.compare([ticket("U", "bob@example.com"), ticket("V", ANN)]);
  expect(compared.map(({ result }) => result)).toEqual(["same", "deleted"]);
  await put(next, ticket("V", ANN));
  await put(next, ticket("V", ANN, { modified: at(3) }));
  expect(await store.get("V")).toEqual({ id: "V", erasedAt: at(1) });
  expect(next.live).toBe(3);
  await keepOut(table, "U", at(1));
  expect(await all(store)).toEqual([ticket("U", "bob@example.com")]);
  expect(await textOf(name)).not.toContain(ANN);
});

test("a ticket that changes during its erasure is erased in its new version", async () => {
  const name = newTableName();
  await put(await openStore(name).write(), ticket("T", ANN));
  let transactions = 0;
  const people = peopleOf(name, {
    fault: async (send, request) => {
      if (isTransaction(request) && ++transactions <= 2) {
        await put(await openStore(name).write(), ticket("T", ANN, { modified: at(1 + transactions) }));
      }
      return send();
    },
  });
  expect(await people.erase(ANN)).toMatchObject({ erased: 1, done: true });
  expect(await openStore(name).get("T")).toEqual({ id: "T", erasedAt: at(0) });
  expect(await textOf(name)).not.toContain(ANN);
});

test("a deleted ticket keeps its content for thirty days", async () => {
  const name = newTableName();
  const store = openStore(name);
  const writer = await store.write();
  const tickets = Array.from({ length: 45 }, (_, index) => ticket(`T${index}`, ANN));
  await put(writer, ...tickets);
  await removeAll(writer, at(0));
  await put(writer, ticket("live", "bob@example.com"));

  expect(await peopleOf(name, { day: 30 }).retain({ budgetMs: 10_000 })).toEqual([
    { place: "tickets", removed: 0, done: true },
  ]);
  expect(await store.get("T7")).toMatchObject({ requester: { mail: ANN } });
  expect(await peopleOf(name, { day: 31 }).retain({ budgetMs: 10_000 })).toEqual([
    { place: "tickets", removed: 45, done: true },
  ]);
  expect(await store.get("T7")).toEqual({ id: "T7", deletedAt: at(0), erasedAt: at(31) });
  expect((await all(store)).map(({ id }) => id)).toEqual(["live"]);
  expect(await textOf(name)).not.toContain(ANN);
});

test("a deleted ticket gets its content back when LiveChat lists it again", async () => {
  const name = newTableName();
  const store = openStore(name);
  const writer = await store.write();
  await put(writer, ticket("T", ANN));
  await removeAll(writer, at(0));
  await peopleOf(name, { day: 31 }).retain({ budgetMs: 10_000 });
  expect(await store.get("T")).toEqual({ id: "T", deletedAt: at(0), erasedAt: at(31) });

  await put(writer, ticket("T", ANN));
  expect(await store.get("T")).toEqual(ticket("T", ANN));
  expect(writer.live).toBe(1);
});

test("list and erasure reach all tickets when Azure ends queries early", async () => {
  const name = newTableName();
  await put(
    await openStore(name).write(),
    ...Array.from({ length: 9 }, (_, index) => ticket(`T${index}`, index === 7 ? ANN : "bob@example.com")),
  );
  const store = openStore(name, stoppingQueries());
  expect((await all(store, { requester: ANN })).map(({ id }) => id)).toEqual(["T7"]);
  expect(await all(store, { status: "solved" })).toEqual([]);
  expect(await all(store, { limit: 4 })).toHaveLength(9);
  expect(await peopleOf(name, { fault: stoppingQueries() }).erase(ANN)).toMatchObject({
    erased: 1,
    done: true,
  });
  expect((await all(store)).map(({ id }) => id)).not.toContain("T7");
});
