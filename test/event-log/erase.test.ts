import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import type { NewEvent, NewQuarantined } from "../../shared/event-log/types.ts";
import { cut, isTransaction } from "../storage/faults.ts";
import {
  at,
  EPOCH,
  ended,
  newClock,
  newLog,
  newPeople,
  newTable,
  removeBefore,
  started,
  ticketCreated,
} from "./deliveries.ts";

const SECRET = "planted-words";
const odd = (raw: string): NewQuarantined => ({ raw, expected: "chat_ended", reason: "odd", problems: [] });

/** A log with these events, and its erasure. */
async function logWith(events: NewEvent[], name = newTable().tableName) {
  const table = newTable(name);
  const log = newLog({ table, now: () => EPOCH });
  for (const event of events) await log.append(event);
  return { log, people: newPeople({ table, now: () => EPOCH }) };
}

/** The content of a table as text: all properties, and all bodies without compression. */
async function everythingIn(name: string): Promise<string> {
  const found: unknown[] = [];
  for await (const entity of newTable(name).listEntities()) found.push(entity);
  const log = newLog({ table: newTable(name) });
  for await (const { id } of log.events()) found.push(await log.getRaw(id));
  for (const { id } of (await log.quarantine.list()).items) found.push(await log.quarantine.get(id));
  return JSON.stringify(found);
}

test("an erased chat keeps its place in the log and loses its content", async () => {
  const name = newTable().tableName;
  const more = { words: SECRET, noise: randomBytes(100_000).toString("hex") };
  const chat = [started({ more }), ended({ more: { words: SECRET } })];
  const { log, people } = await logWith([...chat, started({ id: "C2" })], name);
  const before = (await log.list()).items;

  expect(await people.eraseChat("C1")).toEqual({ erased: 2, done: true, undecided: [] });
  const place = ({ id, seq, type, origin, occurredAt, receivedAt }: (typeof before)[number]) => {
    return { id, seq, type, origin, occurredAt, receivedAt };
  };
  const tombstones = before.slice(0, 2).map((event) => ({ ...place(event), erased: true, erasedAt: at(0) }));
  expect((await log.list()).items).toEqual([...tombstones, before[2]]);
  expect((await log.list({ chatId: "C1" })).items).toEqual(tombstones);
  expect((await log.list({ type: "chat_started" })).items).toEqual([tombstones[0], before[2]]);
  expect(await log.get(before[0]?.id ?? "")).toEqual(tombstones[0]);
  expect(await log.getRaw(before[0]?.id ?? "")).toBeUndefined();
  expect(await log.chat("C1")).toEqual({ chatId: "C1", state: "erased", events: tombstones });
  const left = await everythingIn(name);
  expect(left).not.toContain(SECRET);
  expect(left).not.toContain('"C1"');
  expect(left).not.toContain("body:");

  for (const event of chat) expect(await log.append(event)).toMatchObject({ status: "duplicate" });
  expect((await log.list()).items).toEqual([...tombstones, before[2]]);
  expect(await people.eraseChat("C1")).toMatchObject({ erased: 0, done: true });
});

test("a chat with an event after its erasure has the content of that event", async () => {
  const { log, people } = await logWith([started()]);
  await people.eraseChat("C1");
  await log.append(ended());
  expect(await log.chat("C1")).toMatchObject({
    state: "ended",
    events: [{ erased: true }, { type: "chat_ended" }],
  });
});

test("an erasure of a person erases all events of the person's chats and tickets", async () => {
  const name = newTable().tableName;
  const email = "Ana@Example.com";
  const { log, people } = await logWith(
    [
      started({ id: "A" }),
      ended({ id: "A", email }),
      started({ id: "B", email: "bob@example.com" }),
      ticketCreated({ id: "A", email: email.toUpperCase() }),
      ticketCreated({ id: "B", email: "bob@example.com" }),
    ],
    name,
  );
  await log.quarantine.keep(odd(`{"visitor":{"e-mail":"<ANA@example.com>"}}`));
  await log.quarantine.keep(odd(`{"visitor":{"\\u0061na@example.com":1}}`));
  const { id: bobs } = await log.quarantine.keep(odd(`{"visitor":{"email":"bob@example.com"}}`));

  expect(await people.erase(" ana@example.com")).toEqual({ erased: 5, done: true, undecided: [] });
  expect((await log.list()).items.map((event) => "erased" in event)).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  expect((await log.quarantine.list()).items).toMatchObject([{ id: bobs }]);
  expect(await everythingIn(name)).not.toMatch(/ana@/i);
  expect(await people.erase("ana@example.com")).toMatchObject({ erased: 0, done: true });
  expect(await people.erase("nobody@example.com")).toMatchObject({ erased: 0, done: true });
});

test("a person in an event of more than ten people is found by the event's body", async () => {
  const visitors = Array.from({ length: 11 }, (_, index) => ({ email: `v${index}@example.com` }));
  const addresses = visitors.map(({ email }) => email);
  const event = { ...started({ envelope: { visitors } }), people: addresses };
  const { people } = await logWith([event, started({ id: "C2", email: "v1@example.com" })]);
  expect(await people.erase("v0@example.com")).toMatchObject({ erased: 1, done: true });
  expect(await people.erase("v1@example.com")).toMatchObject({ erased: 1, done: true });
});

test("a person in an event without the column people is found by the event's body", async () => {
  const name = newTable().tableName;
  const { people } = await logWith(
    [started({ id: "C1" }), started({ email: "ana@example.com", id: "C2" })],
    name,
  );
  const table = newTable(name);
  for await (const row of table.listEntities<{ people?: string }>()) {
    const { people: _, etag: __, timestamp: ___, ...old } = row;
    if (row.people !== undefined) {
      await table.updateEntity({ partitionKey: "", rowKey: "", ...old, person: "0" }, "Replace");
    }
  }
  expect(await people.search("ana@example.com", { maxBytes: 1e6 })).toMatchObject({
    found: [{ place: "events", item: { chatId: "C2" } }],
  });
  expect(await people.erase("ana@example.com")).toMatchObject({ erased: 1, done: true });
});

test("an event that lost a part of its body is erased with the other parts", async () => {
  const name = newTable().tableName;
  const more = { noise: randomBytes(1_500_000).toString("base64") };
  const { log, people } = await logWith([started({ email: "ana@example.com", more }), ended()], name);
  const rows = await Array.fromAsync(newTable(name).listEntities());
  const [part, ...others] = rows.filter(({ rowKey = "" }) => rowKey.startsWith("body:"));
  expect(others).not.toEqual([]);
  await newTable(name).deleteEntity(part?.partitionKey ?? "", part?.rowKey ?? "");
  expect((await log.list()).items).toMatchObject([{ unreadable: true }, { type: "chat_ended" }]);

  expect(await people.erase("ana@example.com")).toMatchObject({ erased: 2, done: true });
  expect(await everythingIn(name)).not.toContain("body:");
});

test("an address is in no column of the table except compressed bodies", async () => {
  const name = newTable().tableName;
  await logWith([started({ email: "ana@example.com" })], name);
  for await (const entity of newTable(name).listEntities())
    expect(JSON.stringify(entity)).not.toContain("ana@");
});

test("an erasure removes quarantined deliveries of the person and lists undecided ones", async () => {
  const { log, people } = await logWith([]);
  const keep = async (body: unknown) => (await log.quarantine.keep(odd(JSON.stringify(body)))).id;
  await keep({ visitor: { email: "ann@example.com" } });
  await keep({ visitor: "Ann <ANN@example.com>", chat: "?" });
  const others = [
    await keep({ visitor: { email: "joann@example.com" } }),
    await keep({ visitor: { email: "ann@example.community" } }),
    await keep({ visitor: { email: "bob@example.com" }, chat: { agents: [{ login: "ann@example.com" }] } }),
  ];
  const unclear = [await keep(["ann@example.com", 1]), await keep({ note: "write to ann@example.com." })];

  const { undecided, ...erasure } = await people.erase("ann@example.com");
  expect(erasure).toEqual({ erased: 2, done: true });
  expect(undecided).toHaveLength(2);
  expect(undecided).toEqual(expect.arrayContaining(unclear.map((id) => ({ place: "quarantine", id }))));
  const left = (await log.quarantine.list()).items.map(({ id }) => id);
  expect(left.sort()).toEqual([...others, ...unclear].sort());
});

test("an erasure of a chat removes only quarantined deliveries with its chat.id", async () => {
  const { log, people } = await logWith([]);
  const keep = async (raw: string) => (await log.quarantine.keep(odd(raw))).id;
  await keep('{"chat":{"id":3}}');
  await keep('{"chat":{"id":"3"},"visitor":7}');
  await keep('{"chat":{"id":"33"},"n":3}');
  await keep('{"chat":{"id":"4","messages":[{"text":"3"}]}}');
  const id = await keep('{"chat":[{"id":"3"}]}');
  expect(await people.eraseChat("3")).toEqual({
    erased: 2,
    done: true,
    undecided: [{ place: "quarantine", id }],
  });
  expect(await log.quarantine.count()).toEqual({ count: 3, more: false });
});

test("an erasure stopped at its time limit is completed by the next calls", async () => {
  const clock = newClock();
  const name = newTable().tableName;
  const email = "ana@example.com";
  const { log } = await logWith(
    Array.from({ length: 4 }, (_, index) => started({ id: `C${index}`, email })),
    name,
  );
  for (const n of [1, 2]) await log.quarantine.keep(odd(JSON.stringify({ visitor: { email }, n })));
  await log.quarantine.keep(odd(`["${email}"]`));
  const slow = newTable(name, async (send) => {
    await clock.wait(1_000);
    return send();
  });
  let erased = 0;
  let calls = 0;
  for (let done = false; !done; calls++) {
    const result = await newPeople({ table: slow, now: clock.now, budgetMs: 100 }).erase(email);
    erased += result.erased;
    done = result.done;
    if (done) expect(result.undecided).toHaveLength(1);
    expect(calls).toBeLessThan(20);
  }
  expect(erased).toBe(6);
  expect(calls).toBeGreaterThan(4);
  expect(await everythingIn(name)).not.toMatch(/erasure/);
});

test("after an erasure died midway, the next also erases events without the address", async () => {
  const name = newTable().tableName;
  const email = "ana@example.com";
  const { log, people } = await logWith([started({ email }), ended()], name);
  let transactions = 0;
  const dying = newTable(name, (send, request) =>
    isTransaction(request) && ++transactions > 1 ? Promise.reject(cut()) : send(),
  );
  await expect(newPeople({ table: dying }).erase(email)).rejects.toThrow(StorageUnavailable);
  expect(await people.erase(email)).toMatchObject({ erased: 1, done: true });
  expect((await log.list()).items).toMatchObject([{ erased: true }, { erased: true }]);
});

test("an event erased or removed during a reading is returned as erased or left out", async () => {
  const name = newTable().tableName;
  const more = { noise: randomBytes(100_000).toString("hex") };
  const { people } = await logWith([started({ more }), started({ id: "C2", more })], name);
  const reader = newLog({
    table: newTable(name, async (send, { url }) => {
      // The reader has read the event's row, and not yet the rows of its body.
      if (url.includes("body%3A")) await people.eraseChat("C1");
      return send();
    }),
  });
  expect((await reader.list()).items).toMatchObject([{ erased: true }, { chatId: "C2" }]);

  const remover = newLog({
    table: newTable(name, async (send, { url }) => {
      if (url.includes("body%3A")) await removeBefore(at(1), { table: newTable(name) });
      return send();
    }),
  });
  expect((await remover.list()).items).toMatchObject([{ erased: true }]);
  expect(await people.eraseChat("C2")).toMatchObject({ erased: 0 });
});
