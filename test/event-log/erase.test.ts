import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { NewEvent, NewQuarantined } from "../../shared/event-log/types.ts";
import { at, EPOCH, ended, newClock, newLog, newTable, started, ticketCreated } from "./deliveries.ts";

const SECRET = "planted-words";
const odd = (raw: string): NewQuarantined => ({ raw, expected: "chat_ended", reason: "odd", problems: [] });

async function logWith(events: NewEvent[], name = newTable().tableName) {
  const log = newLog({ table: newTable(name), now: () => EPOCH });
  for (const event of events) await log.append(event);
  return log;
}

/** Everything that is in a table, as text: properties, and bodies as they were before they were compressed. */
async function everythingIn(name: string): Promise<string> {
  const found: unknown[] = [];
  for await (const entity of newTable(name).listEntities()) found.push(entity);
  const log = newLog({ table: newTable(name) });
  for await (const { id } of log.events()) found.push(await log.getRaw(id));
  for (const { id } of (await log.quarantine.list()).items) found.push(await log.quarantine.get(id));
  return JSON.stringify(found);
}

test("an erased chat shows that it was there, and not what it said", async () => {
  const name = newTable().tableName;
  const more = { words: SECRET, noise: randomBytes(100_000).toString("hex") };
  const chat = [started({ more }), ended({ more: { words: SECRET } })];
  const log = await logWith([...chat, started({ id: "C2" })], name);
  const before = (await log.list()).items;

  expect(await log.eraseChat("C1")).toEqual({ erased: 2 });
  const place = ({ id, seq, type, origin, occurredAt, receivedAt }: (typeof before)[number]) => ({
    ...{ id, seq, type, origin, occurredAt, receivedAt },
  });
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
  expect(await log.eraseChat("C1")).toEqual({ erased: 0 });
});

test("a chat of which something came after it was erased", async () => {
  const log = await logWith([started()]);
  await log.eraseChat("C1");
  await log.append(ended());
  expect(await log.chat("C1")).toMatchObject({
    state: "ended",
    events: [{ erased: true }, { type: "chat_ended" }],
  });
});

test("a person's chats and tickets are erased, also the events that do not name the person", async () => {
  const name = newTable().tableName;
  const email = "Ana@Example.com";
  const log = await logWith(
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

  expect(await log.erasePerson(" ana@example.com")).toEqual({ erased: 5, done: true });
  expect((await log.list()).items.map((event) => "erased" in event)).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  expect((await log.quarantine.list()).items).toMatchObject([{ id: bobs }]);
  expect(await everythingIn(name)).not.toMatch(/ana@/i);
  expect(await log.erasePerson("ana@example.com")).toEqual({ erased: 0, done: true });
  expect(await log.erasePerson("nobody@example.com")).toEqual({ erased: 0, done: true });
});

test("an address is nowhere in the table but in bodies", async () => {
  const name = newTable().tableName;
  await logWith([started({ email: "ana@example.com" })], name);
  for await (const entity of newTable(name).listEntities())
    expect(JSON.stringify(entity)).not.toContain("ana@");
});

test("a chat that is only in the quarantine goes too, by its id as text or number", async () => {
  const log = await logWith([]);
  await log.quarantine.keep(odd('{"chat":{"id":4711}}'));
  await log.quarantine.keep(odd('{"chat":[{"id":"4711"}]}'));
  await log.quarantine.keep(odd('{"chat":{"id":"47111"}}'));
  expect(await log.eraseChat("4711")).toEqual({ erased: 2 });
  expect(await log.quarantine.count()).toEqual({ count: 1, more: false });
});

test("erasing a person stops when its time is over, and the next call goes on there", async () => {
  const clock = newClock();
  const name = newTable().tableName;
  const email = "ana@example.com";
  await logWith(
    Array.from({ length: 4 }, (_, index) => started({ id: `C${index}`, email })),
    name,
  );
  await newLog({ table: newTable(name) }).quarantine.keep(odd(`["${email}",1]`));
  await newLog({ table: newTable(name) }).quarantine.keep(odd(`["${email}",2]`));
  const slow = newTable(name, async (send) => {
    await clock.wait(1_000);
    return send();
  });
  let erased = 0;
  let calls = 0;
  for (let done = false; !done; calls++) {
    const log = newLog({ table: slow, ...clock });
    const result = await log.erasePerson(email, { budgetMs: 100 });
    erased += result.erased;
    done = result.done;
    expect(calls).toBeLessThan(12);
  }
  expect(erased).toBe(6);
  expect(calls).toBeGreaterThan(4);
  expect(await everythingIn(name)).not.toMatch(/ana@|erasure/);
});

test("erased while it is removed or read, an event is one or the other, never half", async () => {
  const name = newTable().tableName;
  const more = { noise: randomBytes(100_000).toString("hex") };
  const log = await logWith([started({ more }), started({ id: "C2", more })], name);
  const reader = newLog({
    table: newTable(name, async (send, { url }) => {
      // Between the event's row and the rows of its body.
      if (url.includes("body%3A")) await log.eraseChat("C1");
      return send();
    }),
  });
  expect((await reader.list()).items).toMatchObject([{ erased: true }, { chatId: "C2" }]);

  const remover = newLog({
    table: newTable(name, async (send, { url }) => {
      if (url.includes("body%3A")) await log.removeOlderThan(at(1));
      return send();
    }),
  });
  expect((await remover.list()).items).toMatchObject([{ erased: true }]);
  expect(await log.eraseChat("C2")).toEqual({ erased: 0 });
});
