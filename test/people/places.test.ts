import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { placesOfPeople } from "../../functions/people/places.ts";
import { eventLogPlaces } from "../../shared/event-log/people.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { openIdempotency } from "../../shared/http/idempotency/idempotency.ts";
import { answersPlace } from "../../shared/http/idempotency/people.ts";
import { openPeople } from "../../shared/people/people.ts";
import type { DataPlace } from "../../shared/people/place.ts";
import { openAttempts } from "../../shared/subscriptions/attempts.ts";
import { putShown } from "../../shared/transcripts/store.ts";
import { openTranscripts } from "../../shared/transcripts/transcripts.ts";
import {
  at,
  EPOCH,
  ended,
  MINUTE,
  newLog,
  newTable,
  started,
  ticketCreated,
} from "../event-log/deliveries.ts";
import { cut, type Fault, hang, isTransaction, stoppingQueries } from "../storage/faults.ts";
import { failedRequest } from "../subscriptions/world.ts";
import { newTableName, openStore, stateAfter } from "../tickets/store/open-store.ts";

const ANN = "ann@example.com";
const DAY = 24 * 60 * MINUTE;

const TWO_PEOPLE = [ANN, "bob@example.com", "bob@example.com"];

/** Stores data of each person in every place. */
async function fill(eventsName: string, ticketsName: string, people = TWO_PEOPLE) {
  const table = newTable(eventsName);
  const log = newLog({ table, now: () => EPOCH });
  const store = await openStore(ticketsName).write();
  const idempotency = openIdempotency({ table, now: () => EPOCH });
  const attempts = openAttempts(newTable(`${eventsName}Subscriptions`));
  for (const [index, email] of people.entries()) {
    const appended = await log.append(
      started({ id: `C${index}`, email, more: { noise: randomBytes(50_000).toString("hex") } }),
    );
    await attempts.recordFailure(failedRequest(at(index)), { id: "S" }, [appended]);
    await log.append(ended({ id: `C${index}` }));
    const thread = { chatId: `X${index}`, threadId: `C${index}`, receivedAt: at(index) };
    const envelope = {
      action: "chat_deactivated",
      payload: { chat_id: `X${index}`, thread_id: `C${index}` },
    };
    await openTranscripts({ table, log, now: () => Date.parse(thread.receivedAt) }).keep({
      ...{ chatId: thread.chatId, threadId: thread.threadId },
      envelope: JSON.stringify(envelope),
    });
    const chat = {
      id: thread.chatId,
      users: [{ id: "customer", type: "customer", email }],
      thread: { id: thread.threadId, active: false },
    };
    await putShown(table, thread, JSON.stringify({ ...envelope, chat }));
    await log.append(ticketCreated({ id: `T${index}`, email }));
    const raw = JSON.stringify({ visitor: { email }, index });
    await log.quarantine.keep({ raw, expected: "chat_ended", reason: "odd", problems: [] });
    const ticket = { id: `T${index}`, modified: at(index), requester: { mail: email } };
    await store.commit({ state: stateAfter(0), put: await store.compare([ticket]) });
    await idempotency.once({
      scope: "CreateTicket",
      key: `key ${index}`,
      content: {},
      act: async () => ({
        reply: { status: 201, headers: {}, body: JSON.stringify(ticket) },
        made: ticket.id,
      }),
      find: async () => undefined,
      toReply: () => ({ status: 500, headers: {} }),
    });
  }
  return { log, idempotency };
}

type Options = { time?: number; fault?: Fault };

function peopleOf(eventsName: string, ticketsName: string, { time = EPOCH, fault }: Options = {}) {
  const now = () => time;
  const places = placesOfPeople({
    eventsTable: newTable(eventsName, fault),
    ticketsTable: newTable(ticketsName, fault),
    subscriptionsTable: newTable(`${eventsName}Subscriptions`, fault),
    eventLog: newLog({ table: newTable(eventsName, fault), now }),
    subscriptions: { erased: async () => {}, heldThrough: async () => Number.MAX_SAFE_INTEGER },
    settings: { eventRetentionDays: 2, retentionMarginDays: 7, deletedTicketDays: 30 },
    now,
  });
  return openPeople({ table: newTable(eventsName, fault), places, now });
}

test.each([
  ["answered at once", false],
  ["stopped early by Azure", true],
])("search, erasure and retention finish in every place with queries %s", async (_, stopping) => {
  const [events, tickets] = [newTable().tableName, newTableName()];
  const { idempotency } = await fill(events, tickets);
  const fault = stopping ? stoppingQueries() : undefined;
  const people = peopleOf(events, tickets, { fault });
  const { found } = await people.search(ANN, { maxBytes: 1e9 });
  const counts = Object.groupBy(found, ({ place }) => place);
  expect(Object.entries(counts).map(([place, items]) => [place, items?.length])).toEqual([
    ["waiting", 1],
    ["transcripts", 1],
    ["events", 3],
    ["quarantine", 1],
    ["attempts", 1],
    ["tickets", 1],
    ["answers", 1],
  ]);
  expect(await people.erase(ANN)).toEqual({ erased: 9, done: true, undecided: [] });
  expect((await people.search(ANN, { maxBytes: 1e9 })).found).toEqual([]);
  expect((await people.search("bob@example.com", { maxBytes: 1e9 })).found).toHaveLength(18);

  const again = idempotency.once({
    scope: "CreateTicket",
    key: "key 0",
    content: {},
    act: () => Promise.reject(new Error("done twice")),
    find: async () => undefined,
    toReply: () => ({ status: 500, headers: {} }),
  });
  expect((await again).reply).toEqual({ status: 201, headers: {}, body: '{"id":"T0","erased":true}' });

  const later = peopleOf(events, tickets, { fault, time: EPOCH + 3 * DAY });
  for (const { error, done } of await later.retain({ budgetMs: 60_000 }))
    expect([error, done]).toEqual([undefined, true]);
  expect(await newLog({ table: newTable(events) }).list()).toMatchObject({ items: [] });
  expect(await newLog({ table: newTable(events) }).quarantine.count()).toMatchObject({ count: 0 });
});

test("an erasure killed after any request is finished by the next call", async () => {
  for (let survives = 1; ; survives += 6) {
    const [events, tickets] = [newTable().tableName, newTableName()];
    await fill(events, tickets, [ANN]);
    let requests = 0;
    const dying: Fault = (send) => (++requests > survives ? Promise.reject(cut()) : send());
    const finished = await peopleOf(events, tickets, { fault: dying })
      .erase(ANN)
      .then(({ done }) => done)
      .catch(() => false);
    expect(await peopleOf(events, tickets).erase(ANN)).toMatchObject({ done: true });
    expect((await peopleOf(events, tickets).search(ANN, { maxBytes: 1e9 })).found).toEqual([]);
    expect(await openStore(tickets).get("T0")).toEqual({ id: "T0", erasedAt: at(0) });
    const left = (await newLog({ table: newTable(events) }).list()).items;
    expect(left.map((event) => "erased" in event)).toEqual([true, true, true]);
    if (finished) {
      expect(survives).toBeGreaterThan(20);
      return;
    }
  }
});

const placeNamed = (places: DataPlace[], name: string) => {
  const place = places.find((one) => one.name === name);
  if (!place) throw new Error(`There is no place ${name}`);
  return place;
};

test("an event that changes between reading and erasure gets no outdated tombstone", async () => {
  const name = newTable().tableName;
  await newLog({ table: newTable(name) }).append(started({ email: ANN }));
  const table = newTable(name, async (send, request) => {
    if (isTransaction(request)) {
      const [row] = (await Array.fromAsync(newTable(name).listEntities())).filter(({ people }) => people);
      await newTable(name).updateEntity(
        { ...row, partitionKey: LOG_PARTITION, rowKey: row?.rowKey ?? "", changed: true },
        "Replace",
      );
    }
    return send();
  });
  const place = placeNamed(
    eventLogPlaces({ table, partitionKey: LOG_PARTITION }, { now: () => EPOCH }),
    "events",
  );
  const erased = await openPeople({ table: newTable(), places: [place], now: () => EPOCH }).erase(ANN);
  expect(erased.erased).toBe(0);
  expect((await newLog({ table: newTable(name) }).list()).items).toMatchObject([{ chatId: "C1" }]);
});

test("a body that gets its event between reading and removal is not removed", async () => {
  const name = newTable().tableName;
  const large = started({ more: { noise: randomBytes(100_000).toString("hex") } });
  const uploaded = Promise.withResolvers<void>();
  const dying = newTable(name, (send, request) => {
    if (!isTransaction(request)) return send();
    uploaded.resolve();
    return hang(send, request);
  });
  newLog({ table: dying })
    .append(large)
    .catch(() => {});
  await uploaded.promise;

  let claimed = false;
  const table = newTable(name, async (send, request) => {
    if (request.method === "DELETE" && !claimed) {
      claimed = true;
      await newLog({ table: newTable(name) }).append(large);
    }
    return send();
  });
  const later = () => Date.now() + 2 * 60 * MINUTE;
  const place = placeNamed(eventLogPlaces({ table, partitionKey: LOG_PARTITION }, { now: later }), "bodies");
  const steps = await Array.fromAsync(place.retain(""));
  expect(claimed).toBe(true);
  expect(steps.map(({ removed }) => removed)).toEqual([0]);
  const [event] = (await newLog({ table: newTable(name) }).list()).items;
  expect(await newLog({ table: newTable(name) }).getRaw(event?.id ?? "")).toBe(large.raw);
});

test("a key used again between reading and removal keeps its new answer", async () => {
  const name = newTable().tableName;
  const attempt = {
    scope: "CreateTicket",
    key: "key",
    content: {},
    act: async () => ({ reply: { status: 201, headers: {}, body: "{}" }, made: "ticket" }),
    find: async () => undefined,
    toReply: () => ({ status: 500, headers: {} }),
  };
  await openIdempotency({ table: newTable(name), now: () => EPOCH }).once(attempt);
  const now = () => EPOCH + 2 * DAY;
  let used = false;
  const table = newTable(name, async (send, request) => {
    if (request.method === "DELETE" && !used) {
      used = true;
      await openIdempotency({ table: newTable(name), now }).once(attempt);
    }
    return send();
  });
  await Array.fromAsync(answersPlace({ table, now }).retain(""));
  expect(used).toBe(true);
  const repeated = { ...attempt, act: () => Promise.reject(new Error("done twice")) };
  expect((await openIdempotency({ table: newTable(name), now }).once(repeated)).repeated).toBe(true);
});
