import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import type { EventQuery, LogEvent, NewEvent } from "../../shared/event-log/types.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
import { NewerFormat } from "../../shared/storage/format.ts";
import { at, EPOCH, ended, MINUTE, newLog, newTable, started, ticketCreated } from "./deliveries.ts";

async function readThrough(log: EventLog, query: EventQuery & { limit?: number }): Promise<LogEvent[]> {
  const items: LogEvent[] = [];
  for (let after = query.after ?? 0; ; ) {
    const page = await log.list({ ...query, after });
    expect(page.next).toBeGreaterThanOrEqual(page.items.at(-1)?.seq ?? after);
    if (page.items.length === 0) return items;
    items.push(...page.items);
    after = page.next;
  }
}

const seqs = (items: LogEvent[]) => items.map(({ seq }) => seq);

test("an empty log has no events", async () => {
  const log = newLog();
  expect(await log.list()).toEqual({ items: [], next: 0, head: 0 });
  expect(await log.list({ after: 7, type: "chat_ended" })).toEqual({ items: [], next: 7, head: 0 });
  expect(await log.list({ from: at(0), to: at(1), chatId: "C1" })).toEqual({ items: [], next: 0, head: 0 });
  expect(await log.get("no id")).toBeUndefined();
  expect(await log.get("0".repeat(32))).toBeUndefined();
  expect(await log.getRaw("0".repeat(32))).toBeUndefined();
  expect(await log.chat("C1")).toBeUndefined();
  expect(await log.head()).toEqual({ seq: 0, lastReceived: {} });
});

test("pages of any size and filters have the events of the whole log filtered", async () => {
  let time = EPOCH;
  const log = newLog({ now: () => time });
  const all: LogEvent[] = [];
  for (let index = 0; index < 18; index++) {
    // Three events each have the same time of receipt.
    if (index % 3 === 0) time += MINUTE;
    const id = `C${index % 5}`;
    const event = [started, ended, ticketCreated][index % 3]?.({
      id,
      minute: index,
      more: { index },
    }) as NewEvent;
    const { status, id: eventId } = await log.append(event);
    if (status === "stored") all.push((await log.get(eventId)) as LogEvent);
  }
  const id = fc.constantFrom("C0", "C1", "C4", "unknown");
  const minute = fc.integer({ min: 0, max: 7 }).map(at);
  const restrictions = fc.record(
    {
      after: fc.nat({ max: 20 }),
      before: fc.integer({ min: 1, max: 20 }),
      type: fc.constantFrom(...EVENT_TYPES),
      about: fc.oneof(fc.record({ chatId: id }), fc.record({ ticketId: id })),
      from: minute,
      to: minute,
      limit: fc.integer({ min: 2, max: 9 }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(restrictions, async ({ about, ...rest }) => {
      const query: EventQuery & { limit?: number } = { ...rest, ...about };
      const { after = 0, before = 99, type, chatId, ticketId, from = "", to = "9" } = query;
      const expected = all.filter(
        (event) =>
          event.seq > after &&
          event.seq < before &&
          event.receivedAt >= from &&
          event.receivedAt < to &&
          (type === undefined || event.type === type) &&
          (chatId === undefined || ("chatId" in event && event.chatId === chatId)) &&
          (ticketId === undefined || ("ticketId" in event && event.ticketId === ticketId)),
      );
      expect(await readThrough(log, query)).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test("next is after events of other types that follow the page", async () => {
  const log = newLog();
  for (const id of ["A", "B", "C"]) await log.append(started({ id }));
  expect(await log.list({ type: "chat_ended" })).toEqual({ items: [], next: 3, head: 3 });
  expect(await log.list({ type: "chat_started", limit: 1 })).toMatchObject({ next: 1 });
  await log.append(ended({ id: "A" }));
  expect(seqs((await log.list({ type: "chat_ended", after: 3 })).items)).toEqual([4]);
});

test("a page of large events ends after 8 MiB", async () => {
  const log = newLog();
  const large = "x".repeat(5 * 1024 * 1024);
  for (const id of ["A", "B", "C"]) await log.append(started({ id, more: { large } }));
  const page = await log.list();
  expect(seqs(page.items)).toEqual([1, 2]);
  expect(seqs((await log.list({ after: page.next })).items)).toEqual([3]);
  const through: number[] = [];
  for await (const { seq } of log.events()) through.push(seq);
  expect(through).toEqual([1, 2, 3]);
});

test("readers get every event once and in order while instances append", async () => {
  const table = newTable();
  const writers = Array.from({ length: 3 }, () => newLog({ table }));
  let writing = true;
  const read = async (query: EventQuery & { limit: number }) => {
    const reader = newLog({ table });
    const items: LogEvent[] = [];
    for (let after = 0, last = false; ; ) {
      const page = await reader.list({ ...query, after });
      items.push(...page.items);
      after = page.next;
      if (last && page.items.length === 0) return items;
      last = !writing;
      await setImmediate();
    }
  };
  const readers = [read({ limit: 7 }), read({ limit: 100 }), read({ limit: 5, type: "chat_ended" })];
  const work = writers.map(async (log, writer) => {
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 5 }, (_, index) => {
          const noise = randomBytes(index === 0 && round === 3 ? 100_000 : 10).toString("hex");
          const event = index % 2 === 0 ? started : ended;
          return log.append(event({ id: `C${writer}-${round}-${index}`, more: { noise } }));
        }),
      );
    }
  });
  await Promise.all(work);
  writing = false;
  const [small, big, ofType] = await Promise.all(readers);
  const total = 3 * 5 * 5;
  expect(seqs(small ?? [])).toEqual(Array.from({ length: total }, (_, index) => index + 1));
  expect(big).toEqual(small);
  expect(ofType).toEqual(small?.filter(({ type }) => type === "chat_ended"));
});

test("a rare type is found among many hours and in an hour of many events", async () => {
  let time = EPOCH;
  const log = newLog({ now: () => time });
  const rare = new Set([1, 45, 700, 701, 1150]);
  for (let seq = 1; seq <= 1150; time += 30 * MINUTE) {
    const batch: Promise<unknown>[] = [];
    // One hour has most of the events.
    const hours = seq > 100 && seq < 1100 ? 0 : 1;
    for (let count = 0; count < 45 && seq <= 1150; count++, seq++) {
      const id = `C${seq}`;
      batch.push(log.append(rare.has(seq) ? ticketCreated({ id }) : started({ id })));
    }
    await Promise.all(batch);
    if (hours === 0) time -= 30 * MINUTE;
  }
  expect(seqs(await readThrough(log, { type: "ticket_created" }))).toEqual([...rare]);
  expect(seqs(await readThrough(log, { type: "ticket_created", after: 700 }))).toEqual([701, 1150]);
  expect(await readThrough(log, { type: "chat_started", limit: 400 })).toHaveLength(1150 - rare.size);
  expect(await log.list({ type: "chat_ended" })).toEqual({ items: [], next: 1150, head: 1150 });
});

test("an event with a missing or damaged body is listed as unreadable", async () => {
  const table = newTable();
  const log = newLog({ table });
  const large = await log.append(started({ id: "A", more: { noise: randomBytes(100_000).toString("hex") } }));
  const broken = await log.append(started({ id: "B" }));
  const fine = await log.append(started({ id: "C" }));
  for await (const { partitionKey = "", rowKey = "" } of table.listEntities()) {
    if (rowKey.startsWith("body:")) await table.deleteEntity(partitionKey, rowKey);
    if (rowKey === "event:0000000000000002") {
      await table.updateEntity({ partitionKey, rowKey, body0: Buffer.from("{") }, "Merge");
    }
  }
  const page = await log.list({ type: "chat_started" });
  expect(page.items).toMatchObject([
    { id: large.id, unreadable: true },
    { id: broken.id, unreadable: true },
    { id: fine.id, chatId: "C" },
  ]);
  expect(page.next).toBe(3);
  expect(page.items[0]).not.toHaveProperty("payload");
  expect((await log.list({ chatId: "A" })).items).toMatchObject([{ id: large.id, unreadable: true }]);
  expect(await log.getRaw(large.id)).toBeUndefined();
});

test("a log or event of a newer build is refused without a change", async () => {
  const table = newTable();
  await newLog({ table }).append(started({ id: "A" }));
  const newer = async (rowKey: string) => {
    const { format } = await table.getEntity<{ format: number }>("log", rowKey);
    await table.updateEntity({ partitionKey: "log", rowKey, format: format + 1 }, "Merge");
    return () => table.updateEntity({ partitionKey: "log", rowKey, format }, "Merge");
  };
  const restore = await newer("event:0000000000000001");
  await expect(newLog({ table }).list()).rejects.toThrow(NewerFormat);
  await restore();
  await newer("head");
  const log = newLog({ table });
  await expect(log.list()).rejects.toThrow(NewerFormat);
  const appends = ["B", "C"].map((id) => log.append(started({ id })));
  for (const append of appends) await expect(append).rejects.toThrow(NewerFormat);
  expect(await table.getEntity("log", "head")).toMatchObject({ seq: 1 });
});
