import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { backUp } from "../../scripts/backup/back-up.ts";
import { UnfinishedRestore } from "../../scripts/backup/files.ts";
import { readAllRows, removeRows, type StoredRow, textOf } from "../../scripts/backup/rows.ts";
import type { Tables } from "../../scripts/backup/tables.ts";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { toPerson } from "../../shared/people/person.ts";
import { createRow, readRow } from "../../shared/storage/rows.ts";
import { attemptsPlace } from "../../shared/subscriptions/people.ts";
import { putShown, removeShown } from "../../shared/transcripts/store.ts";
import { newLog, newPeople, newTable, started } from "../event-log/deliveries.ts";
import { cut, cutAfter, type Fault, isTransaction } from "../storage/faults.ts";
import {
  eraseTickets,
  large,
  newDirectory,
  newTables,
  placeOf,
  restoreInto,
  storedTickets,
  storeTickets,
  subscribe,
  ticketOn,
  wait,
} from "./setup.ts";

/** The tables of a process that dies after this many writes to storage. */
function tablesUntilDeath({ events, tickets, subscriptions }: Tables, writes: number): Tables {
  let left = writes;
  const fault: Fault = async (send, { method }) => {
    if (method !== "GET" && left-- <= 0) left = Number.NEGATIVE_INFINITY;
    if (left < 0) throw cut();
    return send();
  };
  const open = ({ tableName }: { tableName: string }) => newTable(tableName, fault);
  return { events: open(events), tickets: open(tickets), subscriptions: open(subscriptions) };
}

/** The stored content: bodies, and callbacks' answers. */
async function contentOf(tables: Tables): Promise<Set<string>> {
  const isContent = (property: StoredRow[string]) =>
    typeof property === "object" && property.type === "Binary";
  const content = new Set<string>();
  for (const table of Object.values(tables)) {
    for await (const row of readAllRows(table)) {
      for (const property of Object.values(row)) if (isContent(property)) content.add(textOf(property) ?? "");
      if (row.excerpt) content.add(textOf(row.excerpt) ?? "");
    }
  }
  return content;
}

test("erased content does not come back when a restore dies after any write and is repeated", async () => {
  const tables = newTables();
  const { events: table, subscriptions } = tables;
  const log = newLog({ table });
  await log.append(started({ id: "A" }));
  const { id: eventId } = await log.append(started({ id: "B", email: "ann@example.com", more: large() }));
  await log.append(started({ id: "C", email: "ann@example.com" }));
  await log.quarantine.keep({ raw: "ann", expected: "chat_ended", reason: "odd", problems: [] });
  const receivedAt = "2026-01-15T10:00:00.000Z";
  await putShown(table, { chatId: "C", threadId: "C", receivedAt }, JSON.stringify({ chat: "ann" }));
  await createRow(table, { partitionKey: "idempotency", rowKey: "key:1" });
  const attempt = { partitionKey: "attempts", rowKey: "attempt:0000000000000002:x", subscription: "slow" };
  await createRow(subscriptions, { ...attempt, eventId, excerpt: "dear ann" });
  await storeTickets(tables, ticketOn(15), { id: "other" });
  await subscribe(tables, 1, "subscription:slow");
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(started({ id: "late" }));
  await subscribe(tables, 4, "subscription:ahead");

  const before = await contentOf(tables);
  await newPeople({ table }).erase("ann@example.com");
  await eraseTickets(tables);
  const [entry] = (await log.quarantine.list()).items;
  await log.quarantine.remove(entry?.id ?? "");
  await removeShown(table, "C");
  const attempts = attemptsPlace({ table: subscriptions, log, now: Date.now });
  for await (const _ of attempts.erase(toPerson("ann@example.com"), ""));
  const left = await contentOf(tables);
  const erased = [...before].filter((content) => !left.has(content));
  // Of a large and a small event, a quarantined delivery, a transcript, a callback's answer and a ticket.
  expect(erased.length).toBeGreaterThanOrEqual(6);

  const [{ log: id }, slow] = [
    await log.head(),
    { partitionKey: "subscriptions", rowKey: "subscription:slow" },
  ];
  let writes = 0;
  for (let isDone = false; !isDone; writes++) {
    await subscriptions.upsertEntity({ ...slow, log: id, cursor: 1 }, "Replace");
    isDone = await restoreInto(tablesUntilDeath(tables, writes), directory, true).then(
      () => true,
      () => false,
    );
    const present = await contentOf(tables);
    expect(erased.filter((content) => present.has(content))).toEqual([]);
    if (isDone) continue;
    expect(await restoreInto(tables, directory, true)).toMatchObject({ seq: 3, erased: 3, hasNewId: true });
    expect(await placeOf(tables, slow.rowKey)).toEqual({
      log: (await newLog({ table }).head()).log,
      cursor: 1,
    });
  }
  expect(writes).toBeGreaterThan(7);
  expect((await readdir(directory)).filter((name) => name.startsWith("restore"))).toEqual([]);

  const present = await contentOf(tables);
  expect(erased.filter((content) => present.has(content))).toEqual([]);
  const after = newLog({ table });
  const { items } = await after.list();
  expect(items.map((event) => "erased" in event)).toEqual([false, true, true]);
  expect("payload" in (items[0] ?? {})).toBe(true);
  expect(await storedTickets(tables)).toEqual(["other"]);
  expect(await readRow(table, "idempotency", "key:1")).toBeDefined();
});

test("an interrupted restore must be repeated before its backup is replaced", async () => {
  const tables = newTables();
  await newLog({ table: tables.events }).append(started());
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await expect(restoreInto(tablesUntilDeath(tables, 1), directory, true)).rejects.toThrow(StorageUnavailable);

  await expect(restoreInto(tables, directory)).rejects.toThrow(UnfinishedRestore);
  for (const into of [directory, await newDirectory()]) {
    await expect(backUp(tables, into, 0)).rejects.toThrow(UnfinishedRestore);
  }
  expect(await restoreInto(newTables(), directory)).toMatchObject({ seq: 1 });
  expect(await restoreInto(tables, directory, true)).toMatchObject({ seq: 1 });
  await backUp(tables, directory, 0);
});

test("another backup is not restored before an interrupted restore is repeated", async () => {
  const tables = newTables();
  const log = newLog({ table: tables.events });
  await log.append(started({ id: "A" }));
  const [older, newer] = [await newDirectory(), await newDirectory()];
  await backUp(tables, older, 0);
  await backUp(tables, newer, 0);
  await newPeople({ table: tables.events }).eraseChat("A");
  await expect(restoreInto(tablesUntilDeath(tables, 4), newer, true)).rejects.toThrow(StorageUnavailable);
  expect((await log.head()).seq).toBe(0);

  await expect(restoreInto(tables, older, true)).rejects.toThrow(UnfinishedRestore);
  expect(await restoreInto(tables, newer, true)).toMatchObject({ erased: 1 });
  expect(await restoreInto(tables, older, true)).toMatchObject({ erased: 1 });
  expect((await newLog({ table: tables.events }).list()).items).toMatchObject([{ erased: true }]);
});

test("a restore is refused when another one has begun since it read the tables", async () => {
  const tables = newTables();
  await newLog({ table: tables.events }).append(started({ id: "A" }));
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await newPeople({ table: tables.events }).eraseChat("A");
  const other = () => restoreInto(tablesUntilDeath(tables, 4), directory, true);
  let isFirst = true;
  const events = newTable(tables.events.tableName, async (send, { method }) => {
    if (method !== "GET" && isFirst) {
      isFirst = false;
      await expect(other()).rejects.toThrow(StorageUnavailable);
    }
    return send();
  });
  await expect(restoreInto({ ...tables, events }, directory, true)).rejects.toThrow(UnfinishedRestore);
  expect(await restoreInto(tables, directory, true)).toMatchObject({ erased: 1 });
  expect(await readdir(directory)).toHaveLength(4);
});

test("a removal whose answer is lost is completed", async () => {
  const table = newTable();
  const keys = ["a", "b"].map((rowKey) => ({ partitionKey: "p", rowKey }));
  for (const key of keys) await table.createEntity(key);
  let isLost = false;
  const losing = newTable(table.tableName, (send, request) => {
    if (isLost || !isTransaction(request)) return send();
    isLost = true;
    return cutAfter(send, request);
  });
  expect(await removeRows(losing, keys, { wait })).toBe(2);
  expect(await Array.fromAsync(readAllRows(table))).toEqual([]);
});
