import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { expect, inject, test } from "vitest";
import { InvalidInput, StorageUnavailable, TooLarge } from "../../shared/core/errors.ts";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import { MAX_BODY_BYTES, MAX_NESTING } from "../../shared/event-log/limits.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { createClock } from "../../shared/storage/clock.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { answer, cutAfter, type Fault, hang, isTransaction } from "../storage/faults.ts";
import {
  at,
  EPOCH,
  ended,
  MINUTE,
  newLog,
  newTable,
  removeBefore,
  started,
  ticketCreated,
} from "./deliveries.ts";

const send: Fault = (go) => go();

test("an event appended several times by several instances is stored once", async () => {
  const table = newTable();
  const logs = Array.from({ length: 3 }, () => newLog({ table }));
  const appends = logs.flatMap((log) => [
    log.append(started()),
    log.append(started({ more: { tags: ["other"] } })),
  ]);
  const answers = await Promise.all(appends);
  expect(answers.filter(({ status }) => status === "stored")).toHaveLength(1);
  expect(new Set(answers.map(({ id, seq }) => `${id} ${seq}`)).size).toBe(1);
  expect((await logs[0]?.list())?.items).toHaveLength(1);
});

test("events with the same type, subject and time are one event", async () => {
  const log = newLog();
  const noTime = (more: object) => ({ ...ended({ more }), occurredAt: undefined });
  const different: NewEvent[] = [
    started({ id: "1", minute: 1 }),
    started({ id: "1", minute: 2 }),
    ended({ id: "1", minute: 1 }),
    started({ id: "2", minute: 1 }),
    ticketCreated({ id: "1" }),
    started({ id: "\ud800" }),
    started({ id: "\ud801" }),
    noTime({ tags: ["a"] }),
    noTime({ tags: ["b"] }),
  ];
  for (const event of different) expect(await log.append(event)).toMatchObject({ status: "stored" });
  for (const event of different) {
    const again = { ...event, origin: event.origin === "webhook" ? "reconcile" : "webhook" } as const;
    expect(await log.append(again)).toMatchObject({ status: "duplicate" });
  }
});

test("a ticket whose content has changed is a duplicate", async () => {
  const log = newLog();
  const first = await log.append(ticketCreated());
  const changed = ticketCreated({ more: { subject: "changed" } });
  expect(await log.append(changed)).toEqual({ ...first, status: "duplicate" });
});

test("100 events at once are appended with three transactions", async () => {
  let transactions = 0;
  const table = newTable(undefined, (go, request) => {
    if (isTransaction(request)) transactions++;
    return go();
  });
  const log = newLog({ table });
  await log.append(started({ id: "first" }));
  transactions = 0;
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => log.append(started({ id: `C${index}` }))),
  );
  expect(answers.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
    answers.map((_, index) => index + 2),
  );
  expect(transactions).toBe(3);
});

test("60 large events at once are stored in transactions of at most 4 MiB", async () => {
  const log = newLog();
  const noise = () => randomBytes(36_000).toString("base64");
  const events = Array.from({ length: 60 }, (_, index) =>
    started({ id: `C${index}`, more: { noise: noise() } }),
  );
  const answers = await Promise.all(events.map((event) => log.append(event)));
  expect(new Set(answers.map(({ seq }) => seq)).size).toBe(60);
  expect(await log.getRaw(answers[59]?.id ?? "")).toBe(events[59]?.raw);
});

test("an event that cannot be stored is rejected alone", async () => {
  const log = newLog();
  const broken = { ...started({ id: "broken" }), origin: "x".repeat(40_000) as "webhook" };
  const results = await Promise.allSettled([
    log.append(started({ id: "A" })),
    log.append(broken),
    log.append(started({ id: "B" })),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("an event refused by storage is rejected without others of its transaction", async () => {
  const table = newTable(undefined, (go, request) => {
    const refused = isTransaction(request) && String(request.body).includes("refused-reason");
    return refused ? answer(400)(go, request) : go();
  });
  const log = newLog({ table });
  const refused = { ...started({ id: "R" }), occurredAt: "refused-reason" };
  const results = await Promise.allSettled([
    log.append(started({ id: "A" })),
    log.append(refused),
    log.append(started({ id: "B" })),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect((await log.list()).items.map(({ seq }) => seq)).toEqual([1, 2]);
});

test("an append whose answer was lost answers stored", async () => {
  let faults: Fault[] = [];
  const table = newTable(undefined, (go, request) => {
    const fault = isTransaction(request) ? faults.shift() : undefined;
    return (fault ?? send)(go, request);
  });
  const log = newLog({ table });
  faults = [cutAfter];
  expect(await log.append(started())).toMatchObject({ status: "stored", seq: 1 });
  expect(await newLog({ table }).append(started())).toMatchObject({ status: "duplicate", seq: 1 });
});

test("a transaction that arrives after its event was appended again changes nothing", async () => {
  const late: (() => Promise<unknown>)[] = [];
  let held = true;
  const table = newTable(undefined, (go, request) => {
    if (!held || !isTransaction(request)) return go();
    held = false;
    late.push(go);
    return Promise.reject(Object.assign(new Error("cut"), { code: "ECONNRESET" }));
  });
  const log = newLog({ table });
  const first = await log.append(started({ id: "A" }));
  const second = await log.append(started({ id: "B" }));
  await Promise.allSettled(late.map((go) => go()));
  expect([first.seq, second.seq]).toEqual([1, 2]);
  expect(await log.append(started({ id: "C" }))).toMatchObject({ status: "stored", seq: 3 });
  expect((await log.list()).items.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test("an instance with an old head does not reuse the places of removed events", async () => {
  const table = newTable();
  const asleep = newLog({ table });
  await asleep.append(started({ id: "A" }));
  await newLog({ table }).append(started({ id: "B" }));
  await removeBefore(new Date(Date.now() + 1_000).toISOString(), { table });
  expect(await asleep.append(started({ id: "C" }))).toMatchObject({ seq: 3 });
});

test("appends to storage that hangs are rejected at the time limit", async () => {
  let fault: Fault = hang;
  const table = newTable(undefined, (go, request) => fault(go, request));
  const log = newLog({ table, timeLimit: 300 });
  const hanging = [log.append(started({ id: "A" })), log.append(started({ id: "B" }))];
  await setTimeout(30);
  const appends = [...hanging, log.append(started({ id: "C" }))];
  await Promise.all(appends.map((append) => expect(append).rejects.toThrow(StorageUnavailable)));
  await expect(
    log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason: "", problems: [] }),
  ).rejects.toThrow(StorageUnavailable);
  fault = send;
  const patient = newLog({ table });
  expect(await patient.append(started({ id: "A" }))).toMatchObject({ seq: 1 });
  const placeOfD = () => log.append(started({ id: "D" })).then(({ seq }) => seq, String);
  await expect.poll(placeOfD).toBe(2);
});

test("receivedAt never decreases along the log although clocks differ", async () => {
  const table = newTable();
  const ahead = newLog({ table, now: () => EPOCH + 60_000 });
  const behind = newLog({ table, now: () => EPOCH });
  await ahead.append(started({ id: "A" }));
  await behind.append(started({ id: "B" }));
  await newLog({ table, now: () => EPOCH + 120_000 }).append(ended({ id: "A" }));
  expect((await behind.list()).items.map(({ receivedAt }) => receivedAt)).toEqual([at(1), at(1), at(2)]);
  expect(await behind.head()).toEqual({
    log: expect.any(String),
    seq: 3,
    receivedAt: at(2),
    lastReceived: { chat_started: at(1), chat_ended: at(2) },
  });
});

test("an instance a year ahead stores storage's time from its first event on", async () => {
  const YEAR = 365 * 24 * 60 * MINUTE;
  const clock = createClock(() => Date.now() + YEAR);
  const table = openTable({ connectionString: inject("storage") }, newTable().tableName, { clock });
  const isNow = (instant = "") => Math.abs(Date.parse(instant) - Date.now()) < MINUTE;
  const open = () => newLog({ table, now: clock.now });
  const { id } = await open().quarantine.keep({
    raw: "{}",
    expected: "chat_ended",
    reason: "",
    problems: [],
  });
  await open().append(started());
  expect(isNow((await open().quarantine.get(id))?.receivedAt)).toBe(true);
  expect(isNow((await open().head()).receivedAt)).toBe(true);
});

test("all instances give a log the same name", async () => {
  const table = newTable();
  await newLog({ table }).append(started({ id: "A" }));
  const log = newLog({ table });
  const first = (await log.head()).log;
  await log.append(started({ id: "B" }));
  expect((await newLog({ table }).head()).log).toBe(first);
});

test("a log in another or an emptied table has another name", async () => {
  const table = newTable();
  const [log, other] = [newLog({ table }), newLog()];
  await log.append(started({ id: "A" }));
  await other.append(started({ id: "A" }));
  const first = (await log.head()).log;
  expect((await other.head()).log).not.toBe(first);

  for await (const { partitionKey = "", rowKey = "" } of table.listEntities())
    await table.deleteEntity(partitionKey, rowKey);
  expect(await log.head()).toEqual({ seq: 0, lastReceived: {} });
  expect(await log.append(started({ id: "C" }))).toMatchObject({ seq: 1 });
  expect((await log.head()).log).not.toBe(first);
});

test("the next append gives a name to a log without one", async () => {
  const name = newTable().tableName;
  const log = newLog({ table: newTable(name) });
  await log.append(started({ id: "A" }));
  const table = newTable(name);
  const { log: _, ...head } = await table.getEntity("log", "head");
  await table.updateEntity(head as Parameters<typeof table.updateEntity>[0], "Replace");
  expect((await log.head()).log).toBeUndefined();
  await log.append(started({ id: "B" }));
  expect(await log.head()).toMatchObject({ log: expect.any(String), seq: 2 });
});

test("an event without a time has the time of receipt as occurredAt", async () => {
  const log = newLog({ now: () => EPOCH });
  const { id } = await log.append(ticketCreated());
  expect(await log.get(id)).toMatchObject({
    occurredAt: at(0),
    receivedAt: at(0),
    ticketId: "T1",
    origin: "reconcile",
  });
});

test.for([
  ["control characters and halves of surrogates", '"\\u0000\\ud800\\udfff\\"\\\\"'],
  ["numbers that JavaScript cannot represent", "[12345678901234567890123, 1.0, -0.0, 1e400]"],
  ["repeated members", '{"b":1,"a":2,"b":3}'],
  ["right-to-left text, emoji, and characters of four bytes in UTF-8", '"\u202eשלום مرحبا 👩‍👩‍👧 𝕏"'],
] as const)("an original with %s is stored unchanged", async ([, value]) => {
  const log = newLog();
  const raw = `{ "event_type":"chat_started","odd":${value} ,"chat":{"id":"C1"}}`;
  const { id } = await log.append({ ...started(), raw });
  expect(await log.getRaw(id)).toBe(raw);
  expect(await log.get(id)).toMatchObject({ chatId: "C1", payload: { odd: JSON.parse(value) } });
});

test("a body of 16 MiB that does not compress is stored whole", async () => {
  const log = newLog();
  const around = started({ more: { noise: "" } }).raw.length;
  const noise = randomBytes((MAX_BODY_BYTES * 3) / 4).toString("base64");
  const largest = started({ more: { noise: noise.slice(0, MAX_BODY_BYTES - around) } });
  expect(Buffer.byteLength(largest.raw)).toBe(MAX_BODY_BYTES);
  const { id } = await log.append(largest);
  expect((await log.getRaw(id)) === largest.raw).toBe(true);
  expect(await log.append(largest)).toMatchObject({ status: "duplicate", id });
});

test("a body with one byte more than 16 MiB is refused", async () => {
  const log = newLog();
  const raw = " ".repeat(MAX_BODY_BYTES + 1);
  await expect(log.append({ ...started(), raw })).rejects.toThrow(TooLarge);
  await expect(
    log.quarantine.keep({ raw, expected: "chat_ended", reason: "", problems: [] }),
  ).rejects.toThrow(TooLarge);
});

/** A start of a chat whose body has `levels` levels. */
const nested = (levels: number) =>
  started({ more: { deep: JSON.parse(`${"[".repeat(levels - 2)}${"]".repeat(levels - 2)}`) } });

test("a body with 500 levels is stored", async () => {
  const log = newLog();
  const { id } = await log.append(nested(MAX_NESTING));
  expect(JSON.stringify(await log.get(id))).toContain("[".repeat(MAX_NESTING - 2));
});

test("a body with more than 500 levels is refused", async () => {
  await expect(newLog().append(nested(MAX_NESTING + 1))).rejects.toThrow(InvalidInput);
});

test("a large body removed by retention before the transaction is uploaded again", async () => {
  let swept = false;
  const name = newTable().tableName;
  const table = newTable(name, async (go, request) => {
    if (isTransaction(request) && !swept) {
      swept = true;
      const later = { table: newTable(name), now: () => Date.now() + 2 * 3_600_000 };
      expect(await removeBefore(undefined, later)).toEqual({ removed: 1, done: true });
    }
    return go();
  });
  const log = newLog({ table });
  const event = started({ more: { noise: randomBytes(100_000).toString("hex") } });
  const { id } = await log.append(event);
  expect(swept).toBe(true);
  expect((await log.getRaw(id)) === event.raw).toBe(true);
});

test("a probe resolves only when storage can be written", async () => {
  let fault: Fault = send;
  const log = newLog({ table: newTable(undefined, (go, request) => fault(go, request)) });
  await log.probe();
  fault = answer(503);
  await expect(log.probe()).rejects.toThrow(StorageUnavailable);
});

test("tickets of two licences with one id are two events", async () => {
  const own = newLog();
  const ofLicence = (licence: string | undefined): NewEvent => {
    const raw = JSON.stringify({ license_id: licence, ticket: { id: "T1" } });
    return { ...ticketCreated(), origin: "webhook", licence, raw };
  };
  const reconciled = await own.append(ticketCreated());
  expect(await own.append(ofLicence("1"))).toEqual({ ...reconciled, status: "duplicate" });
  const other = await own.append(ofLicence("2"));
  expect(other).toMatchObject({ status: "stored", seq: 2 });
  expect(await own.append(ofLicence("2"))).toEqual({ ...other, status: "duplicate" });
  expect(await own.append(ofLicence(undefined))).toEqual({ ...reconciled, status: "duplicate" });
  expect((await own.list({ ticketId: "T1" })).items).toHaveLength(2);
});

test("the first licence stays the log's for later instances and for large bodies", async () => {
  const table = newTable();
  const large = { noise: randomBytes(100_000).toString("hex") };
  const ofLicence = (licence: string, more?: object): NewEvent => {
    const raw = JSON.stringify({ license_id: licence, ticket: { id: "T1", ...more } });
    return { ...ticketCreated(), licence, raw };
  };
  const first = await newLog({ table }).append(ofLicence("1"));
  expect(await newLog({ table }).append(ofLicence("2", large))).toMatchObject({ status: "stored", seq: 2 });
  expect(await newLog({ table }).append(ofLicence("3"))).toMatchObject({ status: "stored", seq: 3 });
  expect(await newLog({ table }).append(ofLicence("1", large))).toEqual({ ...first, status: "duplicate" });
});

test("parallel appends of one ticket id in two licences store two events", async () => {
  const table = newTable();
  const logs = [newLog({ table }), newLog({ table })];
  const raw = (licence: string) => JSON.stringify({ license_id: licence, ticket: { id: "T1" } });
  const append = (log: EventLog, licence: string) =>
    log.append({ ...ticketCreated(), licence, raw: raw(licence) });
  const answers = await Promise.all(
    logs.flatMap((log) =>
      ["1", "2", "1"].map(async (licence) => ({ licence, ...(await append(log, licence)) })),
    ),
  );
  for (const licence of ["1", "2"]) {
    const same = answers.filter((answer) => answer.licence === licence);
    expect(same.filter(({ status }) => status === "stored")).toHaveLength(1);
    expect(new Set(same.map(({ id }) => id)).size).toBe(1);
  }
  expect((await logs[0]?.head())?.seq).toBe(2);
});
