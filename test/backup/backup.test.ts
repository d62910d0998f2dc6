import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { TableClient } from "@azure/data-tables";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { backUp } from "../../scripts/backup/back-up.ts";
import { DamagedBackup } from "../../scripts/backup/files.ts";
import { openTables, type Tables } from "../../scripts/backup/tables.ts";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { ALL_PENDING } from "../../shared/pending/pending.ts";
import { createRow, readRow, readRows } from "../../shared/storage/rows.ts";
import { ARRIVALS_PARTITION as ARRIVALS } from "../../shared/tickets/arrivals/arrivals.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { openWriter } from "../../shared/tickets/store/writer.ts";
import { TRANSCRIPTS_PARTITION } from "../../shared/transcripts/store.ts";
import { openTranscripts, type PendingEnd } from "../../shared/transcripts/transcripts.ts";
import { ended, newLog, newTable, started } from "../event-log/deliveries.ts";
import { cutBefore } from "../storage/faults.ts";
import { stateAfter } from "../tickets/store/open-store.ts";
import { fill, keysOf, large, newDirectory, newTables, placeOf, restoreInto, subscribe } from "./setup.ts";

/** Does work once, before a table is read with this filter. */
function during(table: TableClient, filter: string, work: () => Promise<unknown>): void {
  const original = table.listEntities.bind(table);
  let isDone = false;
  table.listEntities = ((options: { queryOptions?: { filter?: string } }) => {
    const pages = original(options);
    if (isDone || options?.queryOptions?.filter !== filter) return pages;
    isDone = true;
    return {
      byPage: (settings: object) =>
        (async function* () {
          await work();
          yield* pages.byPage(settings);
        })(),
    };
  }) as typeof original;
}

test("a backup restored into another account is the same log and accepts new events", async () => {
  const [from, to] = [newTables(), newTables()];
  const before = await fill(from);
  await subscribe(from, 3);
  const directory = await newDirectory();
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 5, subscriptions: 1, hasNewId: false });

  const after = newLog({ table: to.events });
  expect((await after.list()).items).toEqual((await before.list()).items);
  expect((await after.list({ type: "chat_started" })).items.map(({ seq }) => seq)).toEqual([1, 2, 5]);
  expect(await after.chat("A")).toEqual(await before.chat("A"));
  expect(await after.quarantine.count()).toEqual({ count: 1, more: false });
  expect(await placeOf(to)).toEqual(await placeOf(from));
  expect(await after.append(started({ id: "A" }))).toMatchObject({ status: "duplicate", seq: 1 });
  expect(await after.append(ended({ id: "B" }))).toMatchObject({ status: "stored", seq: 6 });
});

test("events that are appended during a backup are left out with their bodies", async () => {
  const [from, to] = [newTables(), newTables()];
  const log = await fill(from);
  const directory = await newDirectory();
  during(from.events, "PartitionKey eq 'log'", () => log.append(started({ id: "late", more: large() })));
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 5 });

  const after = newLog({ table: to.events });
  expect((await after.list()).items).toHaveLength(5);
  const bodies = (await keysOf(to)).filter((key) => key.startsWith("body:"));
  expect(new Set(bodies.map((key) => key.split(":")[1])).size).toBe(2);
  expect(await after.append(started({ id: "late" }))).toMatchObject({ status: "stored", seq: 6 });
});

test("items that enter the log during a backup are not lost", async () => {
  const [from, to] = [newTables(), newTables()];
  const log = newLog({ table: from.events });
  const keep = (raw: string) =>
    log.quarantine.keep({ raw, expected: "chat_ended", reason: "odd", problems: [] });
  const [raw, other] = [`"${large().noise}"`, `"${large().noise}"`];
  const [{ id }, removed] = [await keep(raw), await keep(other)];
  const transcripts = openTranscripts({ table: from.events, log, now: Date.now });
  await transcripts.keep({ chatId: "C", threadId: "C", envelope: "{}" });
  const directory = await newDirectory();
  // The head is read before.
  during(from.events, "PartitionKey eq 'log'", async () => {
    await log.append(ended({ id: "C" }));
    await transcripts.forget("C");
    await log.quarantine.remove(removed.id);
    await createRow(from.events, { partitionKey: "chats", rowKey: "state" });
  });
  await backUp(from, directory, Date.now());
  await restoreInto(to, directory);
  expect(await Array.fromAsync(readRows(to.events, TRANSCRIPTS_PARTITION, ALL_PENDING))).toHaveLength(1);
  expect(await readRow(to.events, "chats", "state")).toBeUndefined();
  const { quarantine } = newLog({ table: to.events });
  expect((await quarantine.list()).items.map((item) => item.id)).toEqual([id]);
  expect(await quarantine.get(id)).toMatchObject({ raw });
});

test("a damaged backup is refused before a restore changes anything", async () => {
  const tables = newTables();
  await newLog({ table: tables.events }).append(started());
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  const keys = await keysOf(tables);
  const part = await readFile(join(directory, "events.ndjson.gz"));
  const lines = gunzipSync(part).toString();

  const damages: [name: string, content: string | Buffer | undefined, message: string][] = [
    ["events.ndjson.gz", part.subarray(0, -20), "cannot be read to its end"],
    ["events.ndjson.gz", gzipSync(lines.slice(lines.indexOf("\n") + 1)), "has 2 of 3 rows"],
    ["events.ndjson.gz", gzipSync(lines.slice(0, -2)), "has a line that is not a row, 3"],
    ["events.ndjson.gz", undefined, "is missing"],
    ["manifest.json", '{"format": 1', "is not JSON"],
    ["manifest.json", undefined, "no complete backup"],
  ];
  for (const [name, content, message] of damages) {
    if (content === undefined) await rm(join(directory, name));
    else await writeFile(join(directory, name), content);
    const error = await restoreInto(tables, directory, true).catch((error) => error);
    expect(error).toBeInstanceOf(DamagedBackup);
    expect(error.message).toContain(message);
  }
  expect(await keysOf(tables)).toEqual(keys);
  expect((await readdir(directory)).filter((name) => name.startsWith("restore"))).toEqual([]);
});

test("a backup that was interrupted does not count as the backup before it", async () => {
  const tables = newTables();
  await newLog({ table: tables.events }).append(started());
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  const failing = { ...tables, tickets: newTable(tables.tickets.tableName, cutBefore) };
  await expect(backUp(failing, directory, 0)).rejects.toThrow(StorageUnavailable);
  await expect(restoreInto(newTables(), directory)).rejects.toThrow("no complete backup");
});

test("the quarantine of a log without events is restored", async () => {
  const [from, to] = [newTables(), newTables()];
  const log = newLog({ table: from.events });
  const reason = "a line separator: \u2028";
  await log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason, problems: [] });
  const directory = await newDirectory();
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 0, hasNewId: false });
  const after = newLog({ table: to.events });
  expect((await after.quarantine.list()).items).toMatchObject([{ reason }]);
  expect(await after.append(started())).toMatchObject({ status: "stored", seq: 1 });
});

test("a restore into tables with a log is refused without --replace", async () => {
  const tables = newTables();
  const log = await fill(tables);
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(ended({ id: "C" }));
  await expect(restoreInto(tables, directory)).rejects.toThrow("--replace");
  expect(await restoreInto(tables, directory, true)).toMatchObject({ seq: 5, hasNewId: true });
  expect((await newLog({ table: tables.events }).list()).items).toHaveLength(5);
});

test("after a restore, only a subscription ahead of the backup restarts", async () => {
  const tables = newTables();
  const log = await fill(tables);
  await subscribe(tables, 3, "subscription:slow");
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(ended({ id: "C" }));
  await subscribe(tables, 6, "subscription:fast");
  const { log: before } = await log.head();
  expect(await restoreInto(tables, directory, true)).toMatchObject({ hasNewId: true });

  const { log: after } = await newLog({ table: tables.events }).head();
  expect(after).not.toBe(before);
  expect(await placeOf(tables, "subscription:slow")).toEqual({ log: after, cursor: 3 });
  expect(await placeOf(tables, "subscription:fast")).toEqual({ log: before, cursor: 6 });
});

test("after an older backup, a subscription gets the events of a newer one", async () => {
  const tables = newTables();
  const log = newLog({ table: tables.events });
  await log.append(started({ id: "A" }));
  const [b1, b2] = [await newDirectory(), await newDirectory()];
  await backUp(tables, b1, 0);
  await log.append(started({ id: "B" }));
  await log.append(started({ id: "C" }));
  await backUp(tables, b2, 0);
  await subscribe(tables, 1);
  await restoreInto(tables, b1, true);
  await newLog({ table: tables.events }).append(started({ id: "D" }));
  const { log: id } = await newLog({ table: tables.events }).head();
  expect(await placeOf(tables)).toEqual({ log: id, cursor: 1 });
  const received = { partitionKey: "subscriptions", rowKey: "subscription:one", cursor: 2 };
  await tables.subscriptions.updateEntity(received);
  await restoreInto(tables, b2, true);

  // It has never received B at place 2, so it restarts.
  const { log: restored } = await newLog({ table: tables.events }).head();
  expect(await placeOf(tables)).toEqual({ log: id, cursor: 2 });
  expect(restored).not.toBe(id);
});

test("a restore brings back removed subscriptions, and changes no other one", async () => {
  const tables = newTables();
  await newLog({ table: tables.events }).append(started());
  const { subscriptions: table } = tables;
  const put = (rowKey: string, id?: string) =>
    table.upsertEntity({ partitionKey: "subscriptions", rowKey, ...(id && { id }) });
  const remove = (rowKey: string) => table.deleteEntity("subscriptions", rowKey);
  for (const id of ["kept", "lost", "former"]) {
    await put(`subscription:${id}`);
    await put(`parked:${id}:1`);
    await put(`target:${id}`, id);
  }
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  // One parked event was sent, one subscription was removed, and one was made again with the same target.
  const gone = ["parked:kept:1", "parked:lost:1", "subscription:lost", "target:lost"];
  for (const rowKey of [...gone, "parked:former:1", "subscription:former"]) await remove(rowKey);
  await put("subscription:new");
  await put("target:former", "new");
  await restoreInto(tables, directory, true);

  const keys: string[] = [];
  for await (const { rowKey = "" } of table.listEntities()) keys.push(rowKey);
  expect(keys.sort()).toEqual([
    "parked:lost:1",
    ...["kept", "lost", "new"].map((id) => `subscription:${id}`),
    ...["former", "kept", "lost"].map((id) => `target:${id}`),
  ]);
});

test("stored tickets are restored with the state of the reconciliation", async () => {
  const [from, to] = [newTables(), newTables()];
  const writer = await openWriter(from.tickets);
  const ticket = { id: "T", modified: "2026-01-15T10:00:00.000Z", requester: { mail: "a@example.com" } };
  const put = await writer.compare([ticket as never]);
  await writer.commit({ state: stateAfter(3), put });
  const directory = await newDirectory();
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ tickets: 3, events: 0, seq: 0 });

  const restored = await openWriter(to.tickets);
  expect([restored.state, restored.live]).toEqual([stateAfter(3), 1]);
  const [found] = (await openTicketStore({ table: to.tickets }).list({})).items;
  expect(found?.id).toBe("T");
});

test("ends of chats that wait for a transcript are restored unless erased since the backup", async () => {
  const [from, to] = [newTables(), newTables()];
  await fill(from);
  const log = newLog({ table: from.events });
  const transcripts = openTranscripts({ table: from.events, log, now: Date.now });
  for (const threadId of ["kept", "erased"]) {
    await transcripts.keep({ chatId: "C", threadId, envelope: "{}" });
  }
  const directory = await newDirectory();
  await backUp(from, directory, Date.now());
  await restoreInto(to, directory);
  const waiting = async ({ events }: Tables) =>
    (await Array.fromAsync(readRows<PendingEnd>(events, TRANSCRIPTS_PARTITION, ALL_PENDING)))
      .map(({ threadId }) => threadId)
      .sort();
  expect(await waiting(to)).toEqual(["erased", "kept"]);

  await transcripts.forget("erased");
  await restoreInto(from, directory, true);
  expect(await waiting(from)).toEqual(["kept"]);
});

test("announced tickets and the stored tickets of both APIs are restored", async () => {
  const [from, to] = [newTables(), newTables()];
  await fill(from);
  const row = { partitionKey: ARRIVALS, rowKey: "due:1", ticketId: "T1", attempts: 1 };
  const time = "2026-01-15T09:00:00.000Z";
  await createRow(from.events, { ...row, receivedAt: time, dueAt: time });
  const runs = { v2: 1, text: 2 };
  for (const api of ["v2", "text"] as const) {
    const writer = await openWriter(from.tickets, api);
    await writer.commit({
      state: stateAfter(runs[api]),
      put: await writer.compare([{ id: `ticket of ${api}` }]),
    });
  }
  const directory = await newDirectory();
  await backUp(from, directory, Date.now());
  await restoreInto(to, directory);
  expect(await readRow(to.events, ARRIVALS, "due:1")).toMatchObject({ ticketId: "T1" });
  for (const api of ["v2", "text"] as const) {
    const { state, live } = await openWriter(to.tickets, api);
    expect([state, live]).toEqual([stateAfter(runs[api]), 1]);
  }
});

test("the tables are found without the settings of LiveChat", async () => {
  vi.stubEnv("LiveChatStorage", inject("storage"));
  vi.stubEnv("LIVECHAT_API", "text");
  vi.stubEnv("EVENTS_TABLE", "OtherEvents");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { events, tickets } = await openTables();
  expect([events.tableName, tickets.tableName]).toEqual(["OtherEvents", "LiveChatTickets"]);
});
