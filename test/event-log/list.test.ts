import { randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { advance, type Head, marked } from "../../shared/event-log/head.ts";
import type { EventLog, EventQuery, LogEvent, NewEvent } from "../../shared/event-log/types.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
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

test("an empty log has no events, and next is where the reader was", async () => {
  const log = newLog();
  expect(await log.list()).toEqual({ items: [], next: 0 });
  expect(await log.list({ after: 7, type: "chat_ended" })).toEqual({ items: [], next: 7 });
  expect(await log.list({ from: at(0), to: at(1), chatId: "C1" })).toEqual({ items: [], next: 0 });
  expect(await log.get("no id")).toBeUndefined();
  expect(await log.get("0".repeat(32))).toBeUndefined();
  expect(await log.getRaw("0".repeat(32))).toBeUndefined();
  expect(await log.chat("C1")).toBeUndefined();
  expect(await log.head()).toEqual({ seq: 0, lastReceived: {} });
});

test("any combination of restrictions gives what filtering the whole log would, on pages of any size", async () => {
  let time = EPOCH;
  const log = newLog({ now: () => time });
  const all: LogEvent[] = [];
  for (let index = 0; index < 18; index++) {
    // Several at a time share a moment of receipt.
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
      const { after = 0, type, chatId, ticketId, from = "", to = "9" } = query;
      const expected = all.filter(
        (event) =>
          event.seq > after &&
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

test("next lets a reader of one type leave out what it has been through", async () => {
  const log = newLog();
  for (const id of ["A", "B", "C"]) await log.append(started({ id }));
  expect(await log.list({ type: "chat_ended" })).toEqual({ items: [], next: 3 });
  expect(await log.list({ type: "chat_started", limit: 1 })).toMatchObject({ next: 1 });
  await log.append(ended({ id: "A" }));
  expect(seqs((await log.list({ type: "chat_ended", after: 3 })).items)).toEqual([4]);
});

test("a page is bounded by bytes, and has one event at least", async () => {
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

test("readers that page while instances write see every event exactly once, in order", async () => {
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

test("blocks: every place is marked for its type, across the end of a block", () => {
  const types = fc.array(fc.constantFrom(...EVENT_TYPES), { minLength: 1, maxLength: 49 });
  fc.assert(
    fc.property(fc.array(types, { minLength: 22, maxLength: 60 }), (batches) => {
      const empty = () => new Uint8Array(128);
      let head: Head = {
        seq: 0,
        lastReceived: {},
        marks: { chat_started: empty(), chat_ended: empty(), ticket_created: empty() },
      };
      const places = new Map(EVENT_TYPES.map((type) => [type, [] as number[]]));
      const blocks: Record<string, unknown>[] = [];
      for (const batch of batches) {
        const step = advance(head, batch, EPOCH, "p");
        for (const [index, { seq }] of step.placed.entries())
          places.get(batch[index] ?? "chat_ended")?.push(seq);
        if (step.filled) blocks.push(step.filled);
        head = step.head;
      }
      expect(blocks).toHaveLength(Math.floor(head.seq / 1024));
      for (const type of EVENT_TYPES) {
        const found = blocks.flatMap((block, index) => [
          ...marked(block[`marks_${type}`] as Uint8Array, index),
        ]);
        expect([...found, ...marked(head.marks[type], blocks.length)]).toEqual(places.get(type));
      }
    }),
    { numRuns: 20 },
  );
});

test("a rare type is found in a log of several blocks", async () => {
  const log = newLog();
  const rare = new Set([1, 1023, 1024, 1025, 1100]);
  for (let seq = 1; seq <= 1100; ) {
    const batch: Promise<unknown>[] = [];
    for (let count = 0; count < 49 && seq <= 1100; count++, seq++) {
      const id = `C${seq}`;
      batch.push(log.append(rare.has(seq) ? ticketCreated({ id }) : started({ id })));
    }
    await Promise.all(batch);
  }
  expect(seqs(await readThrough(log, { type: "ticket_created" }))).toEqual([...rare]);
  expect(seqs(await readThrough(log, { type: "ticket_created", after: 1023 }))).toEqual([1024, 1025, 1100]);
  expect(await readThrough(log, { type: "chat_started", limit: 400 })).toHaveLength(1100 - rare.size);
});
