import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { backUp } from "../../scripts/backup/back-up.ts";
import { restore } from "../../scripts/backup/restore.ts";
import type { Tables } from "../../scripts/backup/tables.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { ALL_PENDING } from "../../shared/pending/pending.ts";
import { createRow, readRow, readRows } from "../../shared/storage/rows.ts";
import { ARRIVALS_PARTITION as ARRIVALS } from "../../shared/tickets/arrivals/arrivals.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { openWriter } from "../../shared/tickets/store/writer.ts";
import { TRANSCRIPTS_PARTITION } from "../../shared/transcripts/store.ts";
import { openTranscripts, type PendingEnd } from "../../shared/transcripts/transcripts.ts";
import {
  ended,
  newClock,
  newLog,
  newPeople,
  newTable,
  started,
  ticketCreated,
} from "../event-log/deliveries.ts";
import { stateAfter } from "../tickets/store/open-store.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "backup-"));
  directories.push(directory);
  return directory;
}

const newTables = (): Tables => ({ events: newTable(), tickets: newTable(), subscriptions: newTable() });
const { wait } = newClock();
const restoreInto = (tables: Tables, directory: string, replace = false) =>
  restore(tables, directory, { replace, wait });

const large = () => ({ noise: randomBytes(100_000).toString("hex") });

/** Appends events of three kinds, two of them with body rows, and a quarantined delivery. */
async function fill(tables: Tables) {
  const log = newLog({ table: tables.events });
  for (const event of [
    started({ id: "A" }),
    started({ id: "B", more: large() }),
    ended({ id: "A" }),
    ticketCreated({ id: "T" }),
    started({ id: "C", more: large() }),
  ]) {
    await log.append(event);
  }
  await log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason: "odd", problems: [] });
  return log;
}

async function subscribe(tables: Tables, cursor: number, rowKey = "subscription:one") {
  const { log } = await newLog({ table: tables.events }).head();
  await tables.subscriptions.createEntity({
    partitionKey: "subscriptions",
    rowKey,
    log,
    cursor,
    secret: "whsec_x",
  });
}

async function placeOf(tables: Tables, rowKey = "subscription:one") {
  const { log, cursor } = await tables.subscriptions.getEntity("subscriptions", rowKey);
  return { log, cursor };
}

async function keysOf(tables: Tables): Promise<string[]> {
  const keys: string[] = [];
  for await (const { rowKey = "" } of tables.events.listEntities()) keys.push(rowKey);
  return keys.sort();
}

test("a backup restored into another account is the same log and accepts new events", async () => {
  const [from, to] = [newTables(), newTables()];
  const before = await fill(from);
  await subscribe(from, 3);
  const directory = await newDirectory();
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 5, subscriptions: 1, renamed: false });

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
  // This event is appended after the head is read, and before the rows are read.
  const original = from.events.listEntities.bind(from.events);
  let calls = 0;
  from.events.listEntities = ((options: object) => {
    const pages = original(options);
    if (++calls !== 2) return pages;
    return {
      byPage: (settings: object) =>
        (async function* () {
          await log.append(started({ id: "late", more: large() }));
          yield* pages.byPage(settings);
        })(),
    };
  }) as typeof original;
  await backUp(from, directory, 0);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 5 });

  const after = newLog({ table: to.events });
  expect((await after.list()).items).toHaveLength(5);
  const bodies = (await keysOf(to)).filter((key) => key.startsWith("body:"));
  expect(new Set(bodies.map((key) => key.split(":")[1])).size).toBe(2);
  expect(await after.append(started({ id: "late" }))).toMatchObject({ status: "stored", seq: 6 });
});

test("an interrupted restore leaves no log and can be repeated", async () => {
  const [from, to] = [newTables(), newTables()];
  await fill(from);
  const directory = await newDirectory();
  await backUp(from, directory, 0);
  const file = join(directory, "events.ndjson.gz");
  const whole = await readFile(file);
  await writeFile(file, whole.subarray(0, whole.length - 100_000));
  await expect(restoreInto(to, directory)).rejects.toThrow();
  expect(await keysOf(to)).not.toContain("head");
  await writeFile(file, whole);
  expect(await restoreInto(to, directory)).toMatchObject({ seq: 5 });
  expect((await newLog({ table: to.events }).list()).items).toHaveLength(5);
});

test("an interrupted backup is refused", async () => {
  const directory = await newDirectory();
  await expect(restoreInto(newTables(), directory)).rejects.toThrow("no complete backup");
});

test("a restore into tables with a log is refused without --replace", async () => {
  const tables = newTables();
  const log = await fill(tables);
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(ended({ id: "C" }));
  await expect(restoreInto(tables, directory)).rejects.toThrow("--replace");
  expect(await restoreInto(tables, directory, true)).toMatchObject({ seq: 5, renamed: false });
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
  expect(await restoreInto(tables, directory, true)).toMatchObject({ renamed: true });

  const { log: after } = await newLog({ table: tables.events }).head();
  expect(after).not.toBe(before);
  expect(await placeOf(tables, "subscription:slow")).toEqual({ log: after, cursor: 3 });
  expect(await placeOf(tables, "subscription:fast")).toEqual({ log: before, cursor: 6 });
});

test("content that was erased since the backup stays erased after a restore with --replace", async () => {
  const tables = newTables();
  const log = await fill(tables);
  const store = { table: tables.events, partitionKey: LOG_PARTITION };
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await newPeople({ table: store.table }).eraseChat("B");
  const [quarantined] = (await log.quarantine.list()).items;
  await log.quarantine.remove(quarantined?.id ?? "");
  await restoreInto(tables, directory, true);

  const after = newLog({ table: tables.events });
  expect((await after.list()).items[1]).toMatchObject({ seq: 2, erased: true });
  expect((await after.quarantine.count()).count).toBe(0);
  const bodies = (await keysOf(tables)).filter((key) => key.startsWith("body:"));
  expect(new Set(bodies.map((key) => key.split(":")[1])).size).toBe(1);
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
