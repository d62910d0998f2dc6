import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Conflict, InvalidInput, NotFound } from "../../shared/core/errors.ts";
import { eventLogPlaces } from "../../shared/event-log/people.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import { openPeople } from "../../shared/people/people.ts";
import { openAttempts } from "../../shared/subscriptions/attempts.ts";
import { heldThrough } from "../../shared/subscriptions/held-through.ts";
import { attemptsPlace } from "../../shared/subscriptions/people.ts";
import { openSubscriptionService } from "../../shared/subscriptions/service.ts";
import { openSubscriptionStore } from "../../shared/subscriptions/store.ts";
import { ended, newLog, newTable as newLogTable, started } from "../event-log/deliveries.ts";
import { cut, inject } from "../storage/faults.ts";
import { type Script, startSubscriber } from "./subscriber.ts";
import { failedRequest, idsOf, NEVER, newTable } from "./world.ts";

/** Answers 503 with a Retry-After of an hour. */
const DOWN: Script = (response) => response.writeHead(503, { "retry-after": "3600" }).end("No room for Ann.");

const DAY = 24 * 60 * 60_000;

/** The subscriptions of a real log in real tables, with a clock that can be set and that skips waits. */
function open({ logTable = newLogTable().tableName, table = newTable() } = {}) {
  let offset = 0;
  const clock = {
    get time() {
      return Date.now() + offset;
    },
    set time(time) {
      offset = time - Date.now();
    },
  };
  const now = () => clock.time;
  const wait = async (milliseconds: number) => {
    offset += milliseconds;
    await setImmediate();
  };
  const log = newLog({ table: newLogTable(logTable), now });
  const subscriptions = openSubscriptionService({
    table,
    log,
    now,
    wait,
    allowLoopback: true,
    wakeUp: { subscribed: () => {}, after: () => {} },
  });
  /** Subscribes, and waits for the check that follows, so that it delivers no event that the test adds later. */
  const subscribe = async (terms: Parameters<typeof subscriptions.subscribe>[0]) => {
    const subscribed = await subscriptions.subscribe(terms);
    await subscriptions.dispatch();
    return subscribed;
  };
  return { clock, now, log, table, logTable, subscriptions, subscribe };
}

/** A subscriber that answers by script, and the ids of the events that it received. */
async function newSubscriber(script?: Script) {
  const subscriber = await startSubscriber(script);
  return Object.assign(subscriber, { ids: () => idsOf(subscriber.arrivals) });
}

const fill = async ({ log, clock }: ReturnType<typeof open>) => {
  for (let day = 0; day < 10; day += 1) {
    await log.append(started({ id: `C${day}` }));
    await log.append(ended({ id: `C${day}` }));
    clock.time += DAY;
  }
};
const daysAgo = (clock: { time: number }, days: number) => new Date(clock.time - days * DAY).toISOString();

test("retention removes no event that a subscription has yet to receive", async () => {
  const world = open();
  const down = await newSubscriber(DOWN);
  await world.subscribe({ url: down.url, types: ["chat_started"] });
  const other = await world.subscribe({ url: `${down.url}/2`, types: ["chat_ended"] });
  await fill(world);
  await world.subscriptions.replay(other.id, 8);
  expect(await world.subscriptions.heldThrough(daysAgo(world.clock, 30))).toBe(0);

  const place = eventLogPlaces(
    { table: newLogTable(world.logTable), partitionKey: LOG_PARTITION },
    {
      now: world.now,
      removeBefore: () => daysAgo(world.clock, 2),
      heldThrough: () => world.subscriptions.heldThrough(daysAgo(world.clock, 30)),
    },
  );
  const people = openPeople({ table: newLogTable(), places: place, now: world.now });
  await people.retain({ budgetMs: NEVER });
  expect((await world.log.list()).items).toHaveLength(20);
});

test("retention counts events older than the margin as missed, once", async () => {
  const world = open();
  const { subscriptions, clock } = world;
  const down = await newSubscriber(DOWN);
  const one = await world.subscribe({ url: down.url, types: ["chat_started"] });
  const all = await world.subscribe({ url: down.url });
  const filtered = await world.subscribe({ url: `${down.url}/3`, filter: { tag: ["vip"] } });
  await fill(world);
  const held = await subscriptions.heldThrough(daysAgo(clock, 5.5));
  // Ten events, two on each of five days, are older.
  expect(held).toBe(10);
  const missed = async (id: string) => {
    const { missed, missedAt, cursor } = await subscriptions.get(id);
    return [missed, cursor, missedAt !== undefined];
  };
  expect(await missed(one.id)).toEqual([5, 10, true]);
  expect(await missed(all.id)).toEqual([10, 10, true]);
  expect(await subscriptions.get(filtered.id)).toMatchObject({ missed: 0, missedAt: undefined });
  // A second run counts no event again.
  expect(await subscriptions.heldThrough(daysAgo(clock, 5.5))).toBe(10);
  expect(await missed(all.id)).toEqual([10, 10, true]);
  expect(await subscriptions.resume(all.id)).toMatchObject({ missed: 10 });
  expect(await subscriptions.list()).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: one.id, missed: 5 })]),
  );
});

test("retention ends although a parked event was sent meanwhile", async () => {
  const world = open();
  const { subscriptions, clock, log } = world;
  const down = await newSubscriber(DOWN);
  const { id } = await subscriptions.subscribe({ url: down.url });
  await fill(world);
  for (let count = 0; count < 3; count += 1) await subscriptions.skip(id);
  const store = openSubscriptionStore(world.table);
  const parked = async (only?: string) => {
    const all = await store.parked(only);
    if (only === undefined) await store.unpark(id, 1);
    return all;
  };
  const options = { store: { ...store, parked }, log, now: world.now };
  expect(await heldThrough(daysAgo(clock, 9.5), options)).toBe(2);
  expect(await subscriptions.get(id)).toMatchObject({ missed: 1, parked: [{ seq: 3 }] });
});

test("retention counts parked events older than the margin as missed", async () => {
  const world = open();
  const { subscriptions, clock } = world;
  const down = await newSubscriber(DOWN);
  const { id } = await world.subscribe({ url: down.url });
  await fill(world);
  for (let count = 0; count < 3; count += 1) await subscriptions.skip(id);
  expect((await subscriptions.get(id)).parked.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(await subscriptions.heldThrough(daysAgo(clock, 9.5))).toBe(2);
  expect(await subscriptions.get(id)).toMatchObject({ missed: 2, cursor: 3, parked: [{ seq: 3 }] });
});

test("retention may remove every event when there are no subscriptions", async () => {
  const world = open();
  await fill(world);
  expect(await world.subscriptions.heldThrough(daysAgo(world.clock, 30))).toBe(Number.POSITIVE_INFINITY);
});

test("a subscription restarts at the beginning of a new log", async () => {
  const world = open();
  const subscriber = await newSubscriber();
  const { id } = await world.subscribe({ url: subscriber.url });
  for (let count = 0; count < 3; count += 1) await world.log.append(started({ id: `A${count}` }));
  await world.subscriptions.dispatch();
  expect(subscriber.arrivals).toHaveLength(3);

  const anew = open({ table: world.table });
  const { id: first } = await anew.log.append(started({ id: "B" }));
  expect(await anew.subscriptions.get(id)).toMatchObject({
    lag: 1,
    cursor: 0,
    restartedAt: expect.any(String),
  });
  await anew.subscriptions.dispatch();
  expect(subscriber.ids().slice(3)).toEqual([first]);
  expect(await anew.subscriptions.get(id)).toMatchObject({
    lag: 0,
    cursor: 1,
    restartedAt: expect.any(String),
  });
  await anew.log.append(started({ id: "B2" }));
  await anew.subscriptions.dispatch();
  expect(subscriber.arrivals).toHaveLength(5);
});

test("a log that was emptied while the process runs is delivered from its beginning", async () => {
  const world = open();
  const subscriber = await newSubscriber();
  await world.subscribe({ url: subscriber.url });
  for (let count = 0; count < 3; count += 1) await world.log.append(started({ id: `A${count}` }));
  await world.subscriptions.stored(3);
  expect(subscriber.arrivals).toHaveLength(3);
  const table = newLogTable(world.logTable);
  for await (const { partitionKey = "", rowKey = "" } of table.listEntities())
    await table.deleteEntity(partitionKey, rowKey);
  const { id, seq } = await world.log.append(started({ id: "B" }));
  expect(seq).toBe(1);
  await world.subscriptions.stored(seq);
  expect(subscriber.ids().slice(3)).toEqual([id]);
});

test("three replays during a delivery send all events again", async () => {
  const world = open();
  let blocked: (() => void) | undefined;
  const subscriber = await newSubscriber((response, _, nth) => {
    if (nth === 5) blocked = () => response.end();
    else response.end();
  });
  const { id } = await world.subscribe({ url: subscriber.url });
  const ids: string[] = [];
  for (let count = 0; count < 6; count += 1)
    ids.push((await world.log.append(started({ id: `A${count}` }))).id);
  const dispatched = world.subscriptions.dispatch();
  await expect.poll(() => blocked !== undefined).toBe(true);
  // The stored place is still the beginning, so a replay to there changes only `moves`.
  for (let count = 0; count < 3; count += 1) await world.subscriptions.replay(id, 1);
  blocked?.();
  await dispatched;
  await expect.poll(async () => (await world.subscriptions.get(id)).lag).toBe(0);
  expect(subscriber.ids().slice(0, 5)).toEqual(ids.slice(0, 5));
  expect(subscriber.ids().slice(-6)).toEqual(ids);
});

test("a later replay keeps the place of an earlier replay that was not sent yet", async () => {
  const world = open();
  let isUp = true;
  const received: unknown[] = [];
  const subscriber = await newSubscriber((response, { headers }) => {
    if (isUp) received.push(headers["webhook-id"]);
    else response.statusCode = 503;
    response.end();
  });
  const { id } = await world.subscribe({ url: subscriber.url });
  const ids: string[] = [];
  for (let count = 0; count < 6; count += 1)
    ids.push((await world.log.append(started({ id: `A${count}` }))).id);
  await world.subscriptions.dispatch();
  expect(received).toEqual(ids);
  received.length = 0;
  isUp = false;
  for (const seq of [4, 2, 6, 7]) await world.subscriptions.replay(id, seq);
  isUp = true;
  await world.subscriptions.resume(id);
  await world.subscriptions.dispatch();
  await expect.poll(async () => (await world.subscriptions.get(id)).lag).toBe(0);
  expect(new Set(received)).toEqual(new Set(ids.slice(1)));
});

describe("parked events in a replay", () => {
  /** Two parked events, at the places 1 and 2, of a subscriber that answers `status` from then on. */
  const parkTwo = async (world: ReturnType<typeof open>, status: number) => {
    let isDown = true;
    const subscriber = await newSubscriber((response, arrival, nth) => {
      if (isDown) DOWN(response, arrival, nth);
      else response.writeHead(status).end();
    });
    const { id } = await world.subscribe({ url: subscriber.url, policy: "park" });
    const ids: string[] = [];
    for (const tag of ["a", "b"])
      ids.push((await world.log.append(started({ id: tag.toUpperCase(), more: { tags: [tag] } }))).id);
    for (let count = 0; count < 2; count += 1) await world.subscriptions.skip(id);
    await world.subscriptions.dispatch();
    isDown = false;
    subscriber.arrivals.length = 0;
    return { id, ids, subscriber };
  };
  const parkedOf = async (world: ReturnType<typeof open>, id: string) =>
    (await world.subscriptions.get(id)).parked.map(({ seq }) => seq);

  test("a replay unparks the parked events that it sends again", async () => {
    const world = open();
    const { id, ids, subscriber } = await parkTwo(world, 200);
    await world.subscriptions.replay(id, 2);
    await world.subscriptions.dispatch();
    expect(subscriber.ids()).toEqual(ids.slice(1));
    expect(await parkedOf(world, id)).toEqual([1]);
    expect(await world.subscriptions.sendParked(id, NEVER)).toMatchObject({
      left: 0,
      attempts: [{ seq: 1 }],
    });
  });

  test("a parked event that the callback refuses in a replay is parked again", async () => {
    const world = open();
    const { id } = await parkTwo(world, 400);
    await world.subscriptions.replay(id, 1);
    await world.subscriptions.dispatch();
    expect(await parkedOf(world, id)).toEqual([1, 2]);
  });

  test("a replay keeps a parked event that the filter no longer wants", async () => {
    const world = open();
    const { id, subscriber } = await parkTwo(world, 200);
    await world.subscribe({ url: subscriber.url, policy: "park", filter: { tag: ["b"] } });
    await world.subscriptions.replay(id, 1);
    expect(await parkedOf(world, id)).toEqual([1]);
  });
});

test("an event erased by this process is not sent from a page read before", async () => {
  const world = open();
  const erase = async () => {
    const places = [
      ...eventLogPlaces(
        { table: newLogTable(world.logTable), partitionKey: LOG_PARTITION },
        { now: world.now },
      ),
      attemptsPlace({ ...world, onErase: world.subscriptions.erased }),
    ];
    const { erased } = await openPeople({ table: newLogTable(), places, now: world.now }).erase(
      "ann@example.com",
    );
    expect(erased).toBe(1);
  };
  const subscriber = await newSubscriber(async (response, _, nth) => {
    if (nth === 1) await erase();
    response.end();
  });
  await world.subscribe({ url: subscriber.url });
  const { id: first } = await world.log.append(started({ id: "A", email: "bob@example.com" }));
  await world.log.append(started({ id: "B", email: "ann@example.com" }));
  const { id: third } = await world.log.append(started({ id: "C", email: "bob@example.com" }));
  await world.subscriptions.dispatch();
  expect(subscriber.ids()).toEqual([first, third]);
});

test("an event erased by another process is not sent from a page older than a second", async () => {
  const world = open();
  const subscriber = await newSubscriber(async (response, _, nth) => {
    if (nth === 1) {
      const places = eventLogPlaces(
        { table: newLogTable(world.logTable), partitionKey: LOG_PARTITION },
        { now: world.now },
      );
      await openPeople({ table: newLogTable(), places, now: world.now }).erase("ann@example.com");
      world.clock.time += 1_000;
    }
    response.end();
  });
  await world.subscribe({ url: subscriber.url });
  const { id: first } = await world.log.append(started({ id: "A", email: "bob@example.com" }));
  await world.log.append(started({ id: "B", email: "ann@example.com" }));
  await world.subscriptions.dispatch();
  expect(subscriber.ids()).toEqual([first]);
});

test("search finds a person's failed attempts until an erasure removes them", async () => {
  const world = open();
  const subscriber = await newSubscriber(DOWN);
  await world.subscribe({ url: subscriber.url });
  const { id } = await world.log.append(started({ id: "A", email: "ann@example.com" }));
  await world.subscriptions.dispatch();
  const [attempt] = await world.subscriptions.attemptsOf(id);
  expect(attempt).toMatchObject({ eventId: id, status: 503, excerpt: "No room for Ann." });
  const places = [
    ...eventLogPlaces(
      { table: newLogTable(world.logTable), partitionKey: LOG_PARTITION },
      { now: world.now },
    ),
    attemptsPlace(world),
  ];
  const people = openPeople({ table: newLogTable(), places, now: world.now });
  const { found } = await people.search("ann@example.com", { maxBytes: 1e9 });
  expect(found.map(({ place }) => place)).toContain("attempts");
  await people.erase("ann@example.com");
  expect(await world.subscriptions.attemptsOf(id)).toEqual([]);
  expect((await people.search("ann@example.com", { maxBytes: 1e9 })).found).toEqual([]);
});

test("retention removes failed attempts after a week", async () => {
  const world = open();
  const attempts = openAttempts(world.table);
  const today = world.clock.time;
  const at = (days: number) => new Date(today - days * DAY).toISOString();
  await attempts.recordFailure(failedRequest(at(8)), { id: "s" }, [{ id: "a", seq: 1 }]);
  await attempts.recordFailure(failedRequest(at(6)), { id: "s" }, [{ id: "a", seq: 1 }]);
  const people = openPeople({ table: newLogTable(), places: [attemptsPlace(world)], now: world.now });
  expect(await people.retain({ budgetMs: NEVER })).toMatchObject([{ removed: 1, done: true }]);
  expect(await attempts.of(1)).toMatchObject([{ at: at(6) }]);
});

test("an event shows its failed attempts with a redacted excerpt", async () => {
  const world = open();
  const subscriber = await newSubscriber((response, _, nth) =>
    nth === 1
      ? response
          .writeHead(503)
          .end("See https://example.com/secret?sig=abc of ann@example.com at /hook?sig=topsecret")
      : response.end("ok"),
  );
  const { id } = await world.subscribe({ url: `${subscriber.url}?sig=topsecret` });
  const { id: eventId } = await world.log.append(started());
  await world.subscriptions.dispatch();
  const { attempts } = await world.subscriptions.get(id);
  expect(attempts).toMatchObject([
    { eventId, seq: 1, status: 503, durationMs: expect.any(Number) },
    { eventId, seq: 1, status: 200 },
  ]);
  const all = await world.subscriptions.attemptsOf(eventId);
  expect(all.map(({ status }) => status)).toEqual([503, 200]);
  expect(all[0]?.excerpt).toBe("See https://example.com/… of …@… at …");
  expect(all[0]?.callback).toMatch(/^http:\/\/127.0.0.1:\d+\/…$/);
  await expect(world.subscriptions.attemptsOf("none")).rejects.toThrow(NotFound);
});

test("a subscription shows its last 20 attempts", async () => {
  const world = open();
  const { id } = await world.subscribe({ url: (await newSubscriber()).url });
  for (let count = 0; count < 25; count += 1) await world.log.append(ended({ id: `C${count}` }));
  await world.subscriptions.dispatch();
  expect((await world.subscriptions.get(id)).attempts).toHaveLength(20);
});

test("the attempt of a batch shows only at the events of the batch", async () => {
  const world = open();
  const subscriber = await newSubscriber();
  const filter = { tag: ["vip"] };
  const { id } = await world.subscribe({ url: subscriber.url, batch: 10, filter });
  const ids: string[] = [];
  for (const tag of ["vip", "vip", "other", "vip"])
    ids.push((await world.log.append(started({ id: `C${ids.length}`, more: { tags: [tag] } }))).id);
  await world.subscriptions.dispatch();
  const statuses = async (eventId: string) =>
    (await world.subscriptions.attemptsOf(eventId)).map((attempt) => [
      attempt.eventId === eventId,
      attempt.status,
    ]);
  expect(await Promise.all(ids.map(statuses))).toEqual([[[true, 200]], [[true, 200]], [], [[true, 200]]]);
  expect((await world.subscriptions.get(id)).attempts).toMatchObject([{ events: 3, seq: 4, firstSeq: 1 }]);
});

test("a skip or a new secret is applied once after a late write of storage", async () => {
  const table = newTable();
  const { subscriptions, log } = open({ table });
  const { id, secret } = await subscriptions.subscribe({ url: "http://127.0.0.1:1/hook" });
  await subscriptions.dispatch();
  let isNext = false;
  let late: (() => Promise<unknown>) | undefined;
  let reads = 0;
  inject(table, async (send, { method }) => {
    if (method !== "GET" && isNext) {
      [isNext, reads, late] = [false, 0, send];
      throw cut();
    }
    // The app reads the row to find out whether it was written, and then reads it again.
    if (method === "GET" && ++reads === 2) await late?.();
    return send();
  });
  isNext = true;
  const rolled = await subscriptions.rollSecret(id);
  const kept = await openSubscriptionStore(table).get(id);
  expect(kept).toMatchObject({ secret: rolled.secret, previousSecret: { secret } });
  await subscriptions.dispatch();
  for (const chat of ["A", "B", "C"]) await log.append(started({ id: chat }));
  isNext = true;
  expect((await subscriptions.skip(id)).parked.map(({ seq }) => seq)).toEqual([1]);
});

test("a skipped event stays parked until it is sent again successfully", async () => {
  const world = open();
  let status = 503;
  const subscriber = await newSubscriber((response) =>
    response.writeHead(status, { "retry-after": "3600" }).end(),
  );
  const { id } = await world.subscribe({ url: subscriber.url });
  const { id: eventId } = await world.log.append(started());
  await world.subscriptions.dispatch();
  const skipped = await world.subscriptions.skip(id);
  expect(skipped).toMatchObject({ cursor: 1, lag: 0, state: "active", parked: [{ eventId, seq: 1 }] });
  await expect(world.subscriptions.skip(id)).rejects.toThrow(Conflict);

  expect(await world.subscriptions.sendAgain(id, eventId)).toMatchObject({
    attempts: [{ delivered: false, status: 503 }],
    left: 1,
  });
  expect(await world.subscriptions.sendParked(id, NEVER)).toMatchObject({
    attempts: [{ delivered: false }],
    left: 1,
  });
  status = 200;
  expect(await world.subscriptions.sendAgain(id, eventId)).toMatchObject({
    attempts: [{ delivered: true, status: 200 }],
    left: 0,
  });
  await expect(world.subscriptions.sendAgain(id, "none")).rejects.toThrow(NotFound);
  await expect(world.subscriptions.sendAgain("none", eventId)).rejects.toThrow(NotFound);
  await expect(world.subscriptions.replay(id, 5)).rejects.toThrow(InvalidInput);
});

test("an attempt is stored when an emoji stands at the end of its excerpt", async () => {
  const world = open();
  const answer = `${"a".repeat(199)}\u{1F4A1} and more`;
  const subscriber = await newSubscriber((response) => response.writeHead(500).end(answer));
  const { id } = await world.subscribe({ url: subscriber.url });
  const event = await world.log.append(started());
  const excerpt = `${"a".repeat(199)}…`;
  expect(await world.subscriptions.sendAgain(id, event.id)).toMatchObject({ attempts: [{ excerpt }] });
  expect(await world.subscriptions.attemptsOf(event.id)).toMatchObject([{ status: 500, excerpt }]);
});

test("sendParked sends all parked events in the order of the log", async () => {
  const world = open();
  let status = 503;
  const subscriber = await newSubscriber((response) =>
    response.writeHead(status, { "retry-after": "3600" }).end(),
  );
  const { id } = await world.subscribe({ url: subscriber.url });
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1)
    ids.push((await world.log.append(started({ id: `C${count}` }))).id);
  for (let count = 0; count < 4; count += 1) await world.subscriptions.skip(id);
  // Each skip starts a delivery of the next event.
  await world.subscriptions.dispatch();
  status = 200;
  subscriber.arrivals.length = 0;
  const { attempts, left } = await world.subscriptions.sendParked(id, NEVER);
  expect([attempts.length, left]).toEqual([4, 0]);
  expect(subscriber.ids()).toEqual(ids);
});

test("a test sends a signed example of the subscription's type", async () => {
  const world = open();
  const subscriber = await newSubscriber(204);
  const { id } = await world.subscribe({ url: subscriber.url, types: ["ticket_created"] });
  expect(await world.subscriptions.test(id)).toMatchObject({ delivered: true, status: 204 });
  expect(JSON.parse(subscriber.arrivals[0]?.body ?? "")).toMatchObject({ event_type: "ticket_created" });
  expect(subscriber.ids()).toEqual([expect.stringMatching(/^test_/)]);
  expect((await world.subscriptions.get(id)).attempts).toEqual([]);
});
