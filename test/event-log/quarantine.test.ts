import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import type { NewQuarantined, Understanding } from "../../shared/event-log/types.ts";
import { cutAfter, type Fault, isTransaction } from "../storage/faults.ts";
import { at, EPOCH, newLog, newTable, started } from "./deliveries.ts";

const odd = (raw: string): NewQuarantined => ({
  raw,
  expected: "chat_started",
  reason: "The delivery does not have the shape of chat_started.",
  problems: [{ path: "chat.id", message: "must be text" }],
});
const understood = (): Understanding => ({ event: started() });

test("an unreadable delivery is stored unchanged with its reason and problems", async () => {
  const log = newLog({ now: () => EPOCH });
  const raw = '{"chat":{"id":null},"odd":"\\ud800 \\u0000 🙂","n":12345678901234567890}';
  const { id } = await log.quarantine.keep(odd(raw));
  const { raw: _, ...entry } = { ...odd(raw), id, receivedAt: at(0) };
  expect(await log.quarantine.get(id)).toEqual({ ...entry, raw });
  expect(await log.quarantine.list()).toEqual({ items: [entry] });
  expect(await log.quarantine.count()).toEqual({ count: 1, more: false });
  expect((await log.list()).items).toEqual([]);
});

test("equal bodies are one entry for each expected event type", async () => {
  const table = newTable();
  const logs = [newLog({ table }), newLog({ table })];
  const kept = await Promise.all(logs.map((log) => log.quarantine.keep(odd("{}"))));
  expect(kept[0]).toEqual(kept[1]);
  await logs[0]?.quarantine.keep({ ...odd("{}"), expected: "chat_ended" });
  expect(await logs[0]?.quarantine.count()).toEqual({ count: 2, more: false });
});

test("entries are listed in pages until they are removed", async () => {
  const log = newLog();
  for (let index = 0; index < 5; index++) await log.quarantine.keep(odd(`{"n":${index}}`));
  const first = await log.quarantine.list({ limit: 2 });
  const second = await log.quarantine.list({ limit: 2, cursor: first.next });
  const third = await log.quarantine.list({ limit: 2, cursor: second.next });
  const all = [first, second, third].flatMap(({ items }) => items.map(({ id }) => id));
  expect(third.next).toBeUndefined();
  expect(new Set(all).size).toBe(5);

  expect(await log.quarantine.remove(all[0] ?? "")).toBe(true);
  expect(await log.quarantine.remove(all[0] ?? "")).toBe(false);
  expect(await log.quarantine.get(all[0] ?? "")).toBeUndefined();
  expect(await log.quarantine.remove("../head")).toBe(false);
  expect(await log.quarantine.get("id:x")).toBeUndefined();
  expect(await log.quarantine.count()).toEqual({ count: 4, more: false });
});

test("a cursor that is not the next of a page is refused", async () => {
  const log = newLog();
  await log.quarantine.keep(odd("{}"));
  const listed = log.quarantine.list({ cursor: "x" });
  await expect(listed).rejects.toMatchObject({
    problems: [{ path: "cursor", message: "cursor must be the next of an earlier page, unchanged." }],
  });
});

test("pages of entries with one reason leave out other entries", async () => {
  const log = newLog();
  for (let index = 0; index < 6; index++) {
    const reason = index % 2 === 0 ? "even" : "odd";
    await log.quarantine.keep({ ...odd(`{"n":${index}}`), reason });
  }
  const first = await log.quarantine.list({ reason: "even", limit: 2 });
  const second = await log.quarantine.list({ reason: "even", limit: 2, cursor: first.next });
  expect([...first.items, ...second.items].map(({ reason }) => reason)).toEqual(["even", "even", "even"]);
  expect(second.next).toBeUndefined();
  expect((await log.quarantine.list({ reason: "no such" })).items).toEqual([]);
});

test("a hostile body of megabytes is one entry, removed with all rows", async () => {
  const table = newTable();
  const log = newLog({ table });
  const raw = JSON.stringify({ noise: randomBytes(1_500_000).toString("base64") });
  const problems = Array.from({ length: 10_000 }, () => ({
    path: "\ud800".repeat(9_999),
    message: "m".repeat(9_999),
  }));
  const { id } = await log.quarantine.keep({ ...odd(raw), reason: "r".repeat(100_000), problems });
  await log.quarantine.keep({ ...odd(raw), problems });
  expect((await log.quarantine.get(id))?.raw === raw).toBe(true);
  expect(await log.quarantine.remove(id)).toBe(true);
  expect((await table.listEntities().byPage().next()).value).toHaveLength(0);
});

test("a replayed delivery stays in quarantine while it is unreadable", async () => {
  const log = newLog();
  const { id } = await log.quarantine.keep(odd('{"a":1}'));
  const reason = "still odd";
  expect(await log.quarantine.replay(id, () => ({ reason }))).toEqual({ status: "quarantined", id, reason });
  expect(await log.quarantine.count()).toEqual({ count: 1, more: false });
  expect(await log.list()).toMatchObject({ items: [] });
});

test("a replayed delivery moves to the log when it is readable", async () => {
  const log = newLog();
  const { id } = await log.quarantine.keep(odd('{"a":1}'));
  const read: unknown[] = [];
  const replayed = await log.quarantine.replay(id, (...given) => {
    read.push(...given);
    return understood();
  });
  expect(read).toEqual(['{"a":1}', "chat_started"]);
  expect(replayed).toMatchObject({ status: "stored", seq: 1 });
  expect(await log.quarantine.replay(id, understood)).toBeUndefined();
  expect((await log.list()).items).toMatchObject([{ id: replayed?.id }]);
});

test("a replay that died before its removal is completed by the next replay", async () => {
  const name = newTable().tableName;
  await newLog({ table: newTable(name) }).head();
  let transactions = 0;
  const dying: Fault = (send, request) => {
    if (isTransaction(request)) transactions++;
    return transactions > 2
      ? Promise.reject(Object.assign(new Error("dead"), { code: "ECONNRESET" }))
      : send();
  };
  const log = newLog({ table: newTable(name, dying) });
  const { id } = await log.quarantine.keep(odd("{}"));
  await expect(log.quarantine.replay(id, understood)).rejects.toThrow(StorageUnavailable);

  const next = newLog({ table: newTable(name) });
  expect(await next.quarantine.count()).toEqual({ count: 1, more: false });
  expect(await next.quarantine.replay(id, understood)).toMatchObject({ status: "duplicate", seq: 1 });
  expect(await next.quarantine.count()).toEqual({ count: 0, more: false });
  expect((await next.list()).items).toHaveLength(1);
});

test("a repeated delivery finds its entry after the first answer was lost", async () => {
  const faults: Fault[] = [];
  const table = newTable(undefined, (send, request) => (faults.shift() ?? ((go) => go()))(send, request));
  const log = newLog({ table });
  await log.head();
  faults.push((send) => send(), cutAfter);
  await expect(log.quarantine.keep(odd("{}"))).rejects.toThrow(StorageUnavailable);
  await log.quarantine.keep(odd("{}"));
  expect(await log.quarantine.count()).toEqual({ count: 1, more: false });
});
