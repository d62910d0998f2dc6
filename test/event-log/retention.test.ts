import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { hang, isTransaction } from "../storage/faults.ts";
import {
  at,
  EPOCH,
  ended,
  MINUTE,
  newClock,
  newLog,
  newTable,
  removeBefore,
  started,
  ticketCreated,
} from "./deliveries.ts";

const large = () => ({ noise: randomBytes(100_000).toString("hex") });

/** The kinds of all rows of a table: their keys without ids and numbers. */
async function rowsOf(name: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { rowKey = "" } of newTable(name).listEntities()) keys.push(rowKey.replace(/:.*/, ""));
  return keys.sort();
}

/** Six events, a minute apart; the second and the fifth have rows for their bodies. And one quarantined delivery. */
async function fill(name: string) {
  let time = EPOCH;
  const log = newLog({ table: newTable(name), now: () => time });
  const events = [
    started({ id: "A" }),
    started({ id: "B", more: large() }),
    ended({ id: "A" }),
    ticketCreated({ id: "T" }),
    started({ id: "C", more: large() }),
    ended({ id: "C" }),
  ];
  const stored: { seq: number; id: string; raw: string | undefined }[] = [];
  for (const event of events) {
    const { seq, id } = await log.append(event);
    stored.push({ seq, id, raw: event.raw });
    time += MINUTE;
  }
  await log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason: "odd", problems: [] });
  return { log, stored };
}

test("retention removes older events with all of their rows", async () => {
  const name = newTable().tableName;
  const { log } = await fill(name);
  const remove = (before: string) => removeBefore(before, { table: newTable(name) });
  expect(await remove(at(3))).toEqual({ removed: 3, done: true });
  expect((await log.list()).items.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  expect((await log.list({ from: at(0), to: at(5) })).items.map(({ seq }) => seq)).toEqual([4, 5]);
  expect((await log.list({ type: "chat_started" })).items.map(({ seq }) => seq)).toEqual([5]);
  expect(await log.chat("A")).toBeUndefined();
  expect(await log.list({ after: 1, limit: 1 })).toMatchObject({ items: [{ seq: 4 }], next: 4 });

  expect(await remove(at(60))).toEqual({ removed: 4, done: true });
  expect(await rowsOf(name)).toEqual(["head"]);
  expect(await log.append(started({ id: "A" }))).toMatchObject({ status: "stored", seq: 7 });
  expect(await remove(at(3))).toEqual({ removed: 0, done: true });
});

test("a retention killed after any request leaves a log of whole events", async () => {
  for (let survives = 0; ; survives++) {
    const name = newTable().tableName;
    const { log, stored } = await fill(name);
    let requests = 0;
    const dying = newTable(name, (send) => {
      if (requests++ >= survives) throw Object.assign(new Error("dead"), { code: "ECONNRESET" });
      return send();
    });
    const finished = await removeBefore(at(5), { table: dying, now: () => EPOCH }).then(
      () => true,
      () => false,
    );
    const left = await Array.fromAsync(log.events(), async ({ seq, id }) => {
      return { seq, id, raw: await log.getRaw(id) };
    });
    expect(left.length).toBeGreaterThanOrEqual(1);
    expect(left).toEqual(stored.slice(-left.length));

    expect((await removeBefore(at(5), { table: newTable(name) })).done).toBe(true);
    expect(await rowsOf(name)).toEqual(["event", "head", "id", "quarantine"]);
    expect(await log.getRaw(stored[5]?.id ?? "")).toBe(stored[5]?.raw);
    if (finished) {
      expect(survives).toBeGreaterThan(3);
      return;
    }
  }
});

test("events and quarantined deliveries with lost parts of bodies are removed", async () => {
  const name = newTable().tableName;
  const table = newTable(name);
  const log = newLog({ table, now: () => EPOCH });
  await log.append(started({ more: large() }));
  const raw = JSON.stringify(large());
  await log.quarantine.keep({ raw, expected: "chat_ended", reason: "odd", problems: [] });
  for await (const { partitionKey = "", rowKey = "" } of table.listEntities()) {
    if (rowKey.startsWith("body:")) await table.deleteEntity(partitionKey, rowKey);
  }
  expect(await removeBefore(at(1), { table })).toEqual({ removed: 2, done: true });
  expect(await rowsOf(name)).toEqual(["head"]);
});

test("two retentions at once remove the same events and no more", async () => {
  const name = newTable().tableName;
  await fill(name);
  const remove = () => removeBefore(at(60), { table: newTable(name) });
  await Promise.all([remove(), remove()]);
  expect((await remove()).done).toBe(true);
  expect(await rowsOf(name)).toEqual(["head"]);
});

test("a retention stopped at its time limit is continued by the next call", async () => {
  const clock = newClock();
  const name = newTable().tableName;
  await fill(name);
  const slow = newTable(name, async (send) => {
    await clock.wait(1_000);
    return send();
  });
  const setup = { table: slow, now: clock.now };
  expect(await removeBefore(at(60), setup, 500)).toMatchObject({ done: false });
  expect((await removeBefore(at(60), setup, 600_000)).done).toBe(true);
  expect(await rowsOf(name)).toEqual(["head"]);
});

test("the counts of an hour are removed with the last of its events", async () => {
  const name = newTable().tableName;
  let time = EPOCH;
  const log = newLog({ table: newTable(name), now: () => time });
  for (const minute of [0, 1, 61, 121]) {
    time = EPOCH + minute * MINUTE;
    await log.append(started({ id: `C${minute}` }));
  }
  expect(await rowsOf(name)).toContain("hour");
  expect(await removeBefore(at(1), { table: newTable(name) })).toEqual({ removed: 1, done: true });
  expect((await rowsOf(name)).filter((row) => row === "hour")).toHaveLength(2);
  expect(await removeBefore(at(200), { table: newTable(name) })).toEqual({ removed: 3, done: true });
  expect(await rowsOf(name)).toEqual(["head"]);
  await log.append(ended({ id: "C1" }));
  expect((await log.list({ type: "chat_ended" })).items.map(({ seq }) => seq)).toEqual([5]);
});

test("only bodies without an event are removed after an hour", async () => {
  const name = newTable().tableName;
  await newLog({ table: newTable(name) }).append(started({ id: "A", more: large() }));
  const died = Promise.withResolvers<void>();
  const dying = newTable(name, (send, request) => {
    if (!isTransaction(request)) return send();
    died.resolve();
    return hang(send, request);
  });
  const never = newLog({ table: dying }).append(started({ id: "B", more: large() }));
  never.catch(() => undefined);
  await died.promise;
  expect((await rowsOf(name)).filter((key) => key === "body")).toHaveLength(2);

  const table = newTable(name);
  expect(await removeBefore(undefined, { table })).toEqual({ removed: 0, done: true });
  const later = () => Date.now() + 61 * MINUTE;
  expect(await removeBefore(undefined, { table, now: later })).toEqual({ removed: 1, done: true });
  expect((await rowsOf(name)).filter((key) => key === "body")).toHaveLength(1);
  expect((await newLog({ table }).list()).items).toMatchObject([{ chatId: "A" }]);
});
