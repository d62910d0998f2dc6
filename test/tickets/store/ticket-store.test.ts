import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { InvalidInput } from "../../../shared/core/errors.ts";
import type { Writer } from "../../../shared/reconcile/sink.ts";
import type { StoredTicket } from "../../../shared/schemas/stored-ticket.ts";
import type { Ticket } from "../../../shared/schemas/ticket.ts";
import { NewerFormat } from "../../../shared/storage/format.ts";
import { LeaseLost } from "../../../shared/storage/lease.ts";
import { openTable } from "../../../shared/storage/open-table.ts";
import type { TicketQuery, TicketStore } from "../../../shared/tickets/store/ticket-store.ts";
import { cut, isTransaction, makeNewer } from "../../storage/faults.ts";
import { newTableName, openStore, stateAfter } from "./open-store.ts";

const time = (minute: number) => new Date(Date.parse("2026-03-01T12:00:00Z") + minute * 60_000).toISOString();

function ticket(id: string, minute: number, more: Partial<Ticket> = {}): Ticket {
  return { id, subject: `About ${id}`, status: "open", date: time(0), modified: time(minute), ...more };
}

async function put(writer: Writer<Ticket>, ...tickets: Ticket[]): Promise<void> {
  await writer.commit({ state: writer.state ?? stateAfter(0), put: await writer.compare(tickets) });
}

async function remove(writer: Writer<Ticket>, ...modified: string[]): Promise<void> {
  const items = (await listOf(writer.liveItems())).filter((live) =>
    modified.includes(new Date(live.changedAt).toISOString()),
  );
  await writer.commit({ state: writer.state ?? stateAfter(0), remove: { items, at: time(99) } });
}

async function all(store: TicketStore, query: TicketQuery = {}): Promise<StoredTicket[]> {
  const { items, next } = await store.list(query);
  return next === null ? items : [...items, ...(await all(store, { ...query, cursor: next }))];
}

async function listOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const idsOf = (tickets: readonly Ticket[]) => tickets.map(({ id }) => id);

describe("the stored tickets", () => {
  test("stored tickets are returned unchanged, the last modified first", async () => {
    const store = openStore();
    const writer = await store.write();
    const odd = ticket("ödd/#?\\", 2, {
      subject: "日本\ud800",
      custom: { deep: [1, null, { a: 0.1 }] },
      events: [],
    });
    await put(writer, ticket("A", 1), odd, ticket("B", 3));

    expect(await all(store)).toEqual([ticket("B", 3), odd, ticket("A", 1)]);
    expect(await store.get("ödd/#?\\")).toEqual(odd);
    expect(await store.get("C")).toBeUndefined();
    expect(writer.live).toBe(3);
  });

  test("tickets are compared by content without the order of their fields", async () => {
    const store = openStore();
    const writer = await store.write();
    await put(writer, ticket("A", 1, { source: { type: "mail", url: "u" } }), ticket("B", 2), ticket("C", 3));
    await remove(writer, time(3));

    const { modified, ...others } = ticket("A", 1, { source: { url: "u", type: "mail" } });
    const compared = await writer.compare([
      { modified, ...others },
      ticket("B", 2, { subject: "Another" }),
      ticket("C", 3),
      ticket("D", 4),
    ]);

    expect(compared.map(({ result }) => result)).toEqual(["same", "changed", "deleted", "new"]);
  });

  test("a changed ticket moves to the top only if its time of modification changed", async () => {
    const store = openStore();
    const writer = await store.write();
    await put(writer, ticket("A", 1), ticket("B", 2), ticket("C", 3));
    await put(writer, ticket("A", 4), ticket("C", 3, { status: "solved" }));

    expect(await all(store)).toEqual([ticket("A", 4), ticket("C", 3, { status: "solved" }), ticket("B", 2)]);
    expect(writer.live).toBe(3);
  });

  test("a removed ticket is marked as deleted until it is stored again", async () => {
    const store = openStore();
    const writer = await store.write();
    await put(writer, ticket("A", 1), ticket("B", 2));
    await remove(writer, time(1));

    expect(await store.get("A")).toEqual({ ...ticket("A", 1), deletedAt: time(99) });
    expect(idsOf(await all(store))).toEqual(["B", "A"]);
    expect(idsOf(await all(store, { deleted: true }))).toEqual(["A"]);
    expect(idsOf(await all(store, { deleted: false }))).toEqual(["B"]);
    expect(writer.live).toBe(1);
    expect(await listOf(writer.liveItems())).toHaveLength(1);

    await put(writer, ticket("A", 1));
    expect(await store.get("A")).toEqual(ticket("A", 1));
    expect(writer.live).toBe(2);
    expect(await all(store, { deleted: true })).toEqual([]);
  });

  test("each filter of list selects its tickets", async () => {
    const store = openStore();
    const requester = { mail: "O'Hara@Example.com" };
    await put(
      await store.write(),
      ticket("A", 1, { requester, status: "solved" }),
      ticket("B", 2, { requester, assignee: { id: "Ana@example.com" } }),
      ticket("C", 3, { assignee: { id: "x".repeat(1000) } }),
    );

    expect(idsOf(await all(store, { requester: "o'hara@example.com" }))).toEqual(["B", "A"]);
    expect(idsOf(await all(store, { requester: "o'hara@example.com", status: "open" }))).toEqual(["B"]);
    expect(idsOf(await all(store, { assignee: "ANA@example.com" }))).toEqual(["B"]);
    expect(idsOf(await all(store, { assignee: "x".repeat(1000) }))).toEqual(["C"]);
    expect(idsOf(await all(store, { modifiedSince: time(2) }))).toEqual(["C", "B"]);
    expect(idsOf(await all(store, { modifiedSince: time(2), status: "open", limit: 1 }))).toEqual(["C", "B"]);
    expect(await all(store, { status: "' or true or '" })).toEqual([]);
  });

  test("every page but the last has exactly `limit` tickets and a `next`", async () => {
    const store = openStore();
    expect(await store.list()).toEqual({ items: [], next: null });
    await put(await store.write(), ticket("A", 1), ticket("B", 2), ticket("C", 3));

    const first = await store.list({ limit: 2 });
    expect(idsOf(first.items)).toEqual(["C", "B"]);
    const second = await store.list({ limit: 2, cursor: first.next ?? "" });
    expect(idsOf(second.items)).toEqual(["A"]);
    expect(second.next).toBeNull();
    expect((await store.list({ limit: 3 })).next).toBeNull();
  });

  test.each([
    "x",
    "WzAsMF0x",
    Buffer.from('["0",0]').toString("base64url"),
    Buffer.from('[0,0,"lease"]').toString("base64url"),
  ])("list refuses the cursor %j, which it has not returned", async (cursor) => {
    const refused = openStore().list({ cursor });
    await expect(refused).rejects.toThrow(InvalidInput);
    const message = "cursor must be the next of an earlier page, unchanged.";
    await expect(refused).rejects.toMatchObject({ message, problems: [{ path: "cursor", message }] });
  });

  test("list with an empty cursor returns the first page", async () => {
    const store = openStore();
    await put(await store.write(), ticket("A", 1));
    expect(idsOf((await store.list({ cursor: "" })).items)).toEqual(["A"]);
  });

  test("all pages return every ticket although tickets change meanwhile", async () => {
    const change = fc.record({ index: fc.nat(9), limit: fc.integer({ min: 1, max: 4 }), changes: fc.nat(2) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (steps) => {
        const store = openStore();
        const writer = await store.write();
        const ids = ["A", "B", "C", "D", "E", "F", "G"];
        await put(writer, ...ids.map((id, minute) => ticket(id, minute)));
        let minute = 10;
        const seen = new Map<string, string | undefined>();
        let cursor: string | null | undefined;
        for (const { limit, changes, index } of steps) {
          const page = await store.list({ limit, cursor: cursor ?? undefined });
          for (const { id, modified } of page.items) seen.set(id, modified);
          cursor = page.next;
          if (cursor === null) break;
          const changed = ids.slice(index, index + changes).map((id) => ticket(id, minute++));
          if (changed.length > 0) await put(writer, ...changed);
        }
        if (cursor !== null)
          for (const { id, modified } of await all(store, { limit: 2, cursor })) seen.set(id, modified);

        expect([...seen.keys()].sort()).toEqual(ids);
      }),
      { numRuns: process.env.LONG ? 500 : 12 },
    );
  }, 600_000);

  const noise = randomBytes(750 * 1024).toString("base64");

  test("a ticket too large for a row is truncated to its fields without events", async () => {
    const store = openStore();
    const large = ticket("A", 1, { events: [{ type: "message", message: noise }] });
    const writer = await store.write();
    await put(writer, large);

    const { events: _, ...outline } = large;
    expect(await store.get("A")).toEqual({ ...outline, truncated: true });
    expect((await writer.compare([large])).map(({ result }) => result)).toEqual(["same"]);
  });

  test("a ticket too large without its events is truncated to its basic fields", async () => {
    const store = openStore();
    const huge = ticket("B", 2, { subject: noise + noise });
    const writer = await store.write();
    await put(writer, huge);

    expect(await store.get("B")).toEqual({
      ...{ id: "B", status: "open", date: time(0), modified: time(2) },
      truncated: true,
    });
    expect((await writer.compare([huge])).map(({ result }) => result)).toEqual(["same"]);
  });
});

describe("a commit", () => {
  test("a commit stores the state and replaces notes by name", async () => {
    const store = openStore();
    const writer = await store.write();
    expect(writer.state).toBeUndefined();
    await writer.commit({ state: stateAfter(1), notes: { "run:2": "b", "run:1": "a", "seen:1": "x" } });
    await writer.commit({ state: stateAfter(2), notes: { "run:1": "c" } });

    expect(writer.state).toEqual(stateAfter(2));
    expect(await store.state()).toEqual(stateAfter(2));
    expect((await store.write()).state).toEqual(stateAfter(2));
    expect(await listOf(store.notes("run:"))).toEqual(["c", "b"]);
  });

  test("a commit is refused when another writer has committed before it", async () => {
    const store = openStore();
    const [early, late] = [await store.write(), await store.write()];
    await put(early, ticket("A", 1));

    await expect(put(late, ticket("B", 2))).rejects.toThrow(LeaseLost);
    const later = await store.write();
    await put(later, ticket("C", 3));
    await expect(put(early, ticket("D", 4))).rejects.toThrow(LeaseLost);
    expect(idsOf(await all(store))).toEqual(["C", "A"]);
  });

  test.each([
    ["the request", false],
    ["the answer", true],
  ])("a commit is done once when %s of a transaction is lost", async (_, done) => {
    const tableName = newTableName();
    let transactions = 0;
    const store = openStore(tableName, async (send, request) => {
      if (!isTransaction(request) || transactions++ % 2 === 1) return send();
      if (done) await send();
      throw cut();
    });
    const writer = await store.write();
    await put(writer, ticket("A", 1), ticket("B", 2));
    await put(writer, ticket("A", 3), ticket("C", 2));
    await remove(writer, time(3));

    expect(transactions).toBe(done ? 3 : 6);
    expect(writer.live).toBe(2);
    expect(idsOf(await all(openStore(tableName), { deleted: false })).sort()).toEqual(["B", "C"]);
    expect((await openStore(tableName).write()).live).toBe(2);
  });

  test("a commit too large for one transaction is done in several", async () => {
    const store = openStore();
    const writer = await store.write();
    const message = randomBytes(660 * 1024).toString("base64");
    const tickets = Array.from({ length: 6 }, (_, i) => ticket(`T${i}`, i, { events: [{ message }] }));
    // Six tickets of nearly a megabyte each on the wire. Four fit into a transaction.
    await writer.commit({ state: stateAfter(1), put: await writer.compare(tickets) });

    expect(writer.live).toBe(6);
    expect(await store.get("T0")).toEqual(tickets[0]);
    expect(await store.get("T5")).toEqual(tickets[5]);
  });

  test("a death after any transaction of a commit leaves a consistent store", async () => {
    // A ticket takes two operations of a transaction's hundred.
    const tickets = Array.from({ length: 60 }, (_, i) => ticket(`T${i}`, i));
    let isDone = false;
    let lives = 0;
    for (; !isDone; lives++) {
      const tableName = newTableName();
      let transactions = 0;
      const dying = await openStore(tableName, async (send, request) => {
        if (isTransaction(request)) transactions++;
        if (transactions > lives) throw cut();
        return send();
      }).write();
      isDone = await dying.commit({ state: stateAfter(1), put: await dying.compare(tickets) }).then(
        () => true,
        () => false,
      );

      const store = openStore(tableName);
      const writer = await store.write();
      expect(writer.state).toEqual(isDone ? stateAfter(1) : undefined);
      expect((await store.list({ limit: 1000 })).items).toHaveLength(writer.live);
      await writer.commit({ state: stateAfter(2), put: await writer.compare(tickets) });
      expect(writer.live).toBe(tickets.length);
      expect(idsOf((await store.list({ limit: 1000 })).items)).toEqual(idsOf(tickets).reverse());
    }
    expect(lives).toBe(3);
  });
});

test("reading a ticket store of a newer build throws NewerFormat", async () => {
  const name = newTableName();
  const writer = await openStore(name).write();
  await put(writer, ticket("T1", 1));
  await writer.commit({ state: stateAfter(0), notes: { "run:1": { outcome: "completed" } } });
  const store = openStore(name);
  expect(await Array.fromAsync(store.notes("run:"))).toEqual([{ outcome: "completed" }]);

  await makeNewer(openTable({ connectionString: inject("storage") }, name));
  await expect(store.list()).rejects.toThrow(NewerFormat);
  await expect(store.get("T1")).rejects.toThrow(NewerFormat);
  await expect(store.write()).rejects.toThrow(NewerFormat);
  await expect(Array.fromAsync(store.notes("run:"))).rejects.toThrow(NewerFormat);
});
