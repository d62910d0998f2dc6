import type { ServerResponse } from "node:http";
import { setTimeout } from "node:timers/promises";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { EVENT_TYPES } from "../../shared/schemas/webhook.ts";
import { createPost, type Post } from "../../shared/subscriptions/post.ts";
import { moveTo, resume, type Subscription } from "../../shared/subscriptions/subscription.ts";
import { GIVE_UP_AFTER_MS, LEASE_MS } from "../../shared/subscriptions/times.ts";
import { measureWith } from "../../shared/telemetry/metrics.ts";
import { type Arrival, startSubscriber } from "./subscriber.ts";
import { idsOf, newWorld } from "./world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** `event-1`, `event-2` … */
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `event-${from + index}`);

test("a subscriber receives the later events of its type, in order and signed", async () => {
  const { log, store, dispatcher, subscribe } = newWorld();
  const subscriber = await startSubscriber();
  const other = await startSubscriber();
  log.append();
  const { secret, id } = await subscribe(subscriber.url);
  await subscribe(other.url, "chat_ended");
  for (const type of ["chat_started", "chat_ended", "ticket_created", "chat_started"] as const)
    log.append(type);

  expect(await dispatcher().dispatch()).toEqual({ delivered: 3, failed: 0, givenUp: 0 });
  expect(idsOf(subscriber.arrivals)).toEqual(["event-2", "event-5"]);
  expect(idsOf(other.arrivals)).toEqual(["event-3"]);
  const [{ headers, body }] = subscriber.arrivals as [(typeof subscriber.arrivals)[number]];
  expect(JSON.parse(body)).toEqual({ chat: { id: "C2" } });
  expect(headers).toMatchObject({ "content-type": "application/json", "webhook-timestamp": "1769846400" });
  const signature = new Webhook(secret).sign("event-2", new Date(1769846400_000), body);
  expect(headers["webhook-signature"]).toBe(signature);

  const kept = await store.get(id);
  expect(kept).toMatchObject({ cursor: 5, standing: { state: "active", failures: 0 } });
  expect(kept).not.toHaveProperty("lease");
  expect(kept?.standing.lastAnswer).toEqual({
    at: expect.stringMatching(/^2026-01-31T08:00:0.*Z$/),
    status: 200,
  });
  await dispatcher().dispatch();
  expect(subscriber.arrivals).toHaveLength(2);
});

test("a process that is stopped between two events stores its place", async () => {
  const { log, store, dispatcher, subscribe } = newWorld();
  const first = dispatcher();
  let stopped: Promise<void> | undefined;
  const subscriber = await startSubscriber((response, _, nth) => {
    if (nth === 3) stopped = first.stop();
    response.writeHead(200).end();
  });
  const { id } = await subscribe(subscriber.url);
  for (let count = 0; count < 6; count += 1) log.append();
  await first.dispatch();
  await stopped;
  expect(await store.get(id)).toMatchObject({ cursor: 3 });
  expect(await store.get(id)).not.toHaveProperty("lease");

  await dispatcher().dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 6));
});

test("erased events are not sent", async () => {
  const { log, dispatcher, subscribe } = newWorld();
  const subscriber = await startSubscriber();
  await subscribe(subscriber.url);
  for (let count = 0; count < 3; count += 1) log.append();
  log.erase(2);
  await dispatcher().dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(["event-1", "event-3"]);
});

test("a log of several pages is delivered with the events stored meanwhile", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber((response, _, nth) => {
    if (nth % 40 === 0) log.append();
    response.end();
  });
  const { id } = await subscribe(subscriber.url);
  for (let count = 0; count < 120; count += 1) log.append();
  await dispatcher().dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 123));
  expect((await store.get(id))?.cursor).toBe(123);
});

test("a subscriber that does not answer delays no other subscriber", async () => {
  const { log, dispatcher, subscribe } = newWorld();
  const unanswered: ServerResponse[] = [];
  const stuck = await startSubscriber((response) => unanswered.push(response));
  const quick = await startSubscriber();
  await subscribe(stuck.url);
  await subscribe(quick.url);
  const { dispatch } = dispatcher();
  log.append();
  const first = dispatch();
  await expect.poll(() => [quick.arrivals.length, stuck.arrivals.length]).toEqual([1, 1]);
  expect(await dispatch()).toBeUndefined();
  log.append();
  expect(await dispatch()).toBeUndefined();
  await expect.poll(() => quick.arrivals.length).toBe(2);
  expect(stuck.arrivals).toHaveLength(1);

  unanswered.shift()?.end();
  await expect.poll(() => stuck.arrivals.length).toBe(2);
  unanswered.shift()?.end();
  expect(await first).toEqual({ delivered: 4, failed: 0, givenUp: 0 });
  expect(idsOf(stuck.arrivals)).toEqual(["event-1", "event-2"]);
});

test("a failing callback is tried again after growing pauses", async () => {
  const { log, dispatcher, subscribe, store, clock, wakeUps } = newWorld();
  const times: number[] = [];
  const subscriber = await startSubscriber((response, _, nth) => {
    times.push(clock.now());
    if (nth < 4) response.socket?.resetAndDestroy();
    else response.writeHead(nth < 9 ? 500 : 200).end();
  });
  const { id } = await subscribe(subscriber.url);
  log.append();
  const { dispatch } = dispatcher();
  expect(await dispatch()).toEqual({ delivered: 0, failed: 7, givenUp: 0 });
  expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 50, 150, 350, 750, 1_550, 3_150]);
  expect(wakeUps).toEqual([3_200]);
  expect(await store.get(id)).toMatchObject({
    cursor: 0,
    standing: { state: "retrying", failures: 7, lastAnswer: { status: 500 } },
  });
  expect(await store.get(id)).not.toHaveProperty("lease");

  await dispatch();
  expect(times).toHaveLength(7);
  await clock.wait(3_200);
  await dispatch();
  expect(wakeUps).toEqual([3_200, 6_400]);
  await clock.wait(6_400);
  expect(await dispatch()).toEqual({ delivered: 1, failed: 0, givenUp: 0 });
  expect((await store.get(id))?.standing).toMatchObject({ state: "active", failures: 0 });
  expect(new Set(idsOf(subscriber.arrivals))).toEqual(new Set(["event-1"]));
});

test("a callback that answers 429 with Retry-After is tried again after that time", async () => {
  const { log, dispatcher, subscribe, clock, wakeUps } = newWorld();
  const subscriber = await startSubscriber((response, _, nth) => {
    response.writeHead(nth === 1 ? 429 : 200, nth === 1 ? { "retry-after": "90" } : {}).end();
  });
  await subscribe(subscriber.url);
  log.append();
  const { dispatch } = dispatcher();
  await dispatch();
  expect(wakeUps).toEqual([90 * SECOND]);
  await clock.wait(90 * SECOND - 1);
  await dispatch();
  expect(subscriber.arrivals).toHaveLength(1);
  await clock.wait(1);
  await dispatch();
  expect(subscriber.arrivals).toHaveLength(2);
});

test.each([404, 410])(
  "after a minute of %i, a subscription is given up until it is resumed",
  async (status) => {
    const { log, dispatcher, subscribe, store, clock } = newWorld();
    let gone = true;
    const subscriber = await startSubscriber((response, { headers }) => {
      response.writeHead(gone && headers["webhook-id"] === "event-2" ? status : 200).end();
    });
    const { id } = await subscribe(subscriber.url);
    for (let count = 0; count < 3; count += 1) log.append();
    const { dispatch } = dispatcher();
    expect(await dispatch()).toMatchObject({ delivered: 1, givenUp: 0 });
    for (let waited = 0; waited < 4 * MINUTE; waited += 10 * SECOND) {
      await clock.wait(10 * SECOND);
      await dispatch();
    }
    expect(await store.get(id)).toMatchObject({ cursor: 1, standing: { state: "given_up" } });
    await clock.wait(30 * DAY);
    log.append();
    const before = subscriber.arrivals.length;
    await dispatch();
    expect(subscriber.arrivals).toHaveLength(before);

    gone = false;
    subscriber.arrivals.length = 0;
    await store.change(id, resume);
    await dispatch();
    expect(idsOf(subscriber.arrivals)).toEqual(events(2, 4));
  },
);

test("the deliveries metric counts a given-up subscription once", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
  measureWith(provider.getMeter("test"));
  const { log, dispatcher, subscribe, clock } = newWorld();
  await subscribe((await startSubscriber(404)).url);
  log.append();
  const { dispatch } = dispatcher();
  for (let waited = 0; waited < 4 * MINUTE; waited += 10 * SECOND) {
    await dispatch();
    await clock.wait(10 * SECOND);
  }
  await provider.shutdown();
  measureWith(undefined);
  const metrics = exporter
    .getMetrics()
    .at(-1)
    ?.scopeMetrics.flatMap((scope) => scope.metrics);
  const deliveries = metrics?.find(({ descriptor }) => descriptor.name === "livechat.deliveries");
  const counted = deliveries?.dataPoints.map(({ attributes, value }) => [attributes.outcome, value]);
  expect(Object.fromEntries(counted ?? [])).toEqual({ failed: expect.any(Number), "given up": 1 });
  expect(deliveries?.dataPoints[0]?.attributes).toEqual({ type: "chat_started", outcome: "failed" });
});

test("a subscription is given up after its callback has failed for a week", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const subscriber = await startSubscriber(500);
  const { id } = await subscribe(subscriber.url);
  log.append();
  const { dispatch } = dispatcher();
  const began = clock.now();
  let state = "";
  while (state !== "given_up") {
    await dispatch();
    const { standing } = (await store.get(id)) ?? {};
    state = standing?.state ?? "";
    if (standing?.nextAttemptAt) clock.time = Math.max(clock.time, Date.parse(standing.nextAttemptAt));
  }
  expect(clock.now() - began).toBeGreaterThanOrEqual(GIVE_UP_AFTER_MS);
  expect(clock.now() - began).toBeLessThanOrEqual(GIVE_UP_AFTER_MS + DAY);
  expect(subscriber.arrivals).toHaveLength(28);
});

describe("changes during a delivery", () => {
  test("a deletion during a delivery stops it within 20 events", async () => {
    const { log, dispatcher, subscribe, store } = newWorld();
    const subscriber = await startSubscriber(async (response, _, nth) => {
      if (nth === 3) await store.remove(id);
      response.end();
    });
    const { id } = await subscribe(subscriber.url);
    for (let count = 0; count < 200; count += 1) log.append();
    await dispatcher().dispatch();
    // The deletion shows at the next write of the place, after 20 events at the latest.
    expect(subscriber.arrivals).toHaveLength(20);
    expect(await store.list()).toEqual([]);
  });

  test("a deletion by the delivering process stops the delivery before the next event", async () => {
    const { log, dispatcher, subscribe, store, clock } = newWorld();
    const subscriber = await startSubscriber();
    const { id } = await subscribe(subscriber.url);
    let removed = false;
    const wait = async (milliseconds: number) => {
      if (subscriber.arrivals.length > 0 && !removed) {
        removed = true;
        await store.remove(id);
        changed();
        log.append();
      }
      await clock.wait(milliseconds);
    };
    log.append();
    const { dispatch, changed } = dispatcher({ wait });
    await dispatch();
    expect(removed).toBe(true);
    expect(idsOf(subscriber.arrivals)).toEqual(["event-1"]);
  });

  test("a replay during a delivery moves the delivery to its place", async () => {
    const { log, dispatcher, subscribe, store } = newWorld();
    const subscriber = await startSubscriber(async (response, _, nth) => {
      if (nth === 25) await store.change(id, (now) => moveTo(now, 9));
      response.end();
    });
    const { id } = await subscribe(subscriber.url);
    for (let count = 0; count < 45; count += 1) log.append();
    await dispatcher().dispatch();
    expect(idsOf(subscriber.arrivals)).toEqual([...events(1, 40), ...events(10, 45)]);
    expect((await store.get(id))?.cursor).toBe(45);
  });

  test("a resume during a delivery keeps its place", async () => {
    const { log, dispatcher, subscribe, store } = newWorld();
    const subscriber = await startSubscriber(async (response, _, nth) => {
      if (nth === 25) await store.change(id, resume);
      response.end();
    });
    const { id } = await subscribe(subscriber.url);
    for (let count = 0; count < 45; count += 1) log.append();
    await dispatcher().dispatch();
    expect(idsOf(subscriber.arrivals)).toEqual(events(1, 45));
  });
});

test("three dispatchers never send to one subscriber at the same time", async () => {
  const { log, dispatcher, subscribe } = newWorld();
  let present = 0;
  let most = 0;
  const subscriber = await startSubscriber(async (response) => {
    present += 1;
    most = Math.max(most, present);
    await setTimeout(1);
    present -= 1;
    response.end();
  });
  await subscribe(subscriber.url);
  for (let count = 0; count < 60; count += 1) log.append();
  const dispatchers = [dispatcher(), dispatcher(), dispatcher()];
  await Promise.all(dispatchers.map(({ dispatch }) => dispatch()));
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 60));
  expect(most).toBe(1);
});

test("an event that is stored while a dispatcher releases its lease is delivered", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  await subscribe(subscriber.url);
  const other = dispatcher();
  // An event is stored just before one dispatcher releases its lease. The other one is woken, finds the lease, and
  // ends.
  const meddled = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        if (changed.lease === undefined && log.events.length < 6) {
          log.append();
          await other.dispatch();
        }
        return store.replace(changed, parked);
      },
    },
  });
  log.append();
  await meddled.dispatch();
  expect(log.events).toHaveLength(6);
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 6));
});

test("a dispatcher keeps its lease while a callback takes nine seconds to answer", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  let answer = () => {};
  const subscriber = await startSubscriber((response) => {
    answer = () => response.end();
  });
  const { id } = await subscribe(subscriber.url);
  let beat = () => {};
  const every = (_: number, work: () => void) => {
    beat = work;
    return () => {};
  };
  log.append();
  const first = dispatcher({ every }).dispatch();
  await expect.poll(() => subscriber.arrivals.length).toBe(1);
  for (let second = 0; second < 9; second += 1) {
    clock.time += SECOND;
    const until = new Date(clock.now() + LEASE_MS).toISOString();
    // A beat during the write of the former beat does nothing.
    const leaseAfterBeat = async () => {
      beat();
      return (await store.get(id))?.lease?.until;
    };
    await expect.poll(leaseAfterBeat).toBe(until);
    await dispatcher().dispatch();
  }
  answer();
  expect(await first).toMatchObject({ delivered: 1 });
  expect(idsOf(subscriber.arrivals)).toEqual(["event-1"]);
  expect(await store.get(id)).toMatchObject({ cursor: 1 });
  expect(await store.get(id)).not.toHaveProperty("lease");
});

test("a dispatcher continues from the stored place of one that died", async () => {
  const { log, dispatcher, subscribe, clock, wakeUps } = newWorld();
  const subscriber = await startSubscriber();
  await subscribe(subscriber.url);
  for (let count = 0; count < 45; count += 1) log.append();
  const send = createPost({ allowLoopback: true });
  const dies: Post = (...call) => (subscriber.arrivals.length < 30 ? send(...call) : new Promise(() => {}));
  void dispatcher({ post: dies }).dispatch();
  await expect.poll(() => subscriber.arrivals.length).toBe(30);

  const { dispatch } = dispatcher();
  await dispatch();
  expect(subscriber.arrivals).toHaveLength(30);
  // It checks again when the lease of the other has ended, and only once for both wake-ups.
  await dispatch();
  expect(wakeUps).toEqual([LEASE_MS]);
  await clock.wait(LEASE_MS);
  await dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual([...events(1, 30), ...events(21, 45)]);
});

test("a subscription that changes after the dispatcher has read it is delivered", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  const { id } = await subscribe(subscriber.url);
  let changes = 0;
  const { dispatch } = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        if (changes++ === 0) await store.change(id, resume);
        return store.replace(changed, parked);
      },
    },
  });
  log.append();
  await dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(["event-1"]);
});

test("a wake-up that comes while a delivery ends starts another one", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  const { id } = await subscribe(subscriber.url);
  const paused = { state: "retrying", failures: 20, nextAttemptAt: "2126-01-31T08:00:00.000Z" } as const;
  let writes = 0;
  let reads = 0;
  const { dispatch } = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        // Another instance has tried and failed.
        if (writes++ === 0) await store.change(id, (now) => ({ ...now, standing: paused }));
        return store.replace(changed, parked);
      },
      async get(id) {
        const found = await store.get(id);
        if (reads++ === 1) {
          // The subscription is resumed between its reading and the decision.
          expect(found?.standing).toMatchObject(paused);
          await store.change(id, resume);
          await dispatch();
        }
        return found;
      },
    },
  });
  log.append();
  await dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(["event-1"]);
});

test("a delivery leaves events after a minute to the next dispatch", async () => {
  const { log, dispatcher, subscribe, clock, wakeUps, store } = newWorld();
  const subscriber = await startSubscriber((response) => {
    clock.time += 5 * SECOND;
    response.end();
  });
  const { id } = await subscribe(subscriber.url);
  for (let count = 0; count < 30; count += 1) log.append();
  const { dispatch } = dispatcher();
  await dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 12));
  expect(wakeUps).toEqual([0]);
  expect(await store.get(id)).toMatchObject({ cursor: 12 });
  expect(await store.get(id)).not.toHaveProperty("lease");
  await dispatch();
  await dispatch();
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 30));
});

test("after a dispatch that failed at storage, the next one delivers the events", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const healthy = await startSubscriber();
  const unlucky = await startSubscriber();
  await subscribe(healthy.url);
  const { id } = await subscribe(unlucky.url);
  for (let count = 0; count < 30; count += 1) log.append();
  let failures = 1;
  const { dispatch } = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        if (changed.id === id && changed.cursor === 20 && failures-- > 0)
          throw new StorageUnavailable("down");
        return store.replace(changed, parked);
      },
    },
  });
  await expect(dispatch()).rejects.toThrow(StorageUnavailable);
  expect(idsOf(healthy.arrivals)).toEqual(events(1, 30));
  expect(idsOf(unlucky.arrivals)).toEqual(events(1, 20));
  await dispatch();
  expect(idsOf(unlucky.arrivals)).toEqual([...events(1, 20), ...events(1, 30)]);
});

test("a dispatch to eight subscribers at the same place reads the log once", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const subscribers = await Promise.all(Array.from({ length: 8 }, () => startSubscriber()));
  for (const { url } of subscribers) await subscribe(url);
  let reads = 0;
  let writes = 0;
  const waiting: (() => void)[] = [];
  const counting = {
    /** The time of the waits passes once all eight deliveries wait for further events. */
    async wait(milliseconds: number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (waiting.push(resolve) === subscribers.length) {
        clock.time += milliseconds;
        for (const goOn of waiting) goOn();
      }
      await promise;
    },
    log: {
      ...log,
      list: (query: Parameters<typeof log.list>[0]) => {
        reads += 1;
        return log.list(query);
      },
    },
    store: {
      ...store,
      replace: (changed: Parameters<typeof store.replace>[0]) => {
        writes += 1;
        return store.replace(changed);
      },
    },
  };
  for (let count = 0; count < 3; count += 1) log.append();
  await dispatcher(counting).dispatch();
  for (const { arrivals } of subscribers) expect(idsOf(arrivals)).toEqual(events(1, 3));
  expect(reads).toBe(1);
  expect(writes).toBe(16);
});

test("a subscription with two types and a filter receives the matching events in order", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  const types = ["chat_started", "chat_ended"] as ("chat_started" | "chat_ended")[];
  const { id } = await subscribe(subscriber.url, { types, filter: { tag: ["vip"] } });
  for (let count = 1; count <= 90; count += 1) {
    log.append(EVENT_TYPES[count % 3], {
      chat: { id: `C${count}`, tags: count % 5 === 0 ? ["vip"] : ["x"] },
    });
  }
  await dispatcher().dispatch();
  const expected = log.events.filter(({ seq, type }) => seq % 5 === 0 && type !== "ticket_created");
  expect(idsOf(subscriber.arrivals)).toEqual(expected.map(({ id }) => id));
  expect((await store.get(id))?.cursor).toBe(90);
});

test("a place that only passes unwanted events is stored after 100 of them", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const { id } = await subscribe("https://example.com/", { filter: { tag: ["vip"] } });
  const { dispatch } = dispatcher();
  for (let count = 0; count < 99; count += 1) log.append();
  await dispatch();
  expect((await store.get(id))?.cursor).toBe(0);
  log.append();
  await dispatch();
  expect((await store.get(id))?.cursor).toBe(100);
});

test("a batch has at most the subscription's number of events and at most 1 MiB", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  const { id } = await subscribe(subscriber.url, { batch: 40 });
  for (let count = 0; count < 100; count += 1) log.append();
  for (let count = 0; count < 3; count += 1) log.append("chat_started", { noise: "x".repeat(600_000) });
  log.append("chat_started", { noise: "x".repeat(1_500_000) });
  await dispatcher().dispatch();
  const batches = subscriber.arrivals.map(({ body }) =>
    JSON.parse(body).map(({ seq }: { seq: number }) => seq),
  );
  expect(batches.map((batch) => batch.length)).toEqual([40, 40, 20, 1, 1, 1, 1]);
  expect(batches.flat()).toEqual(Array.from({ length: 104 }, (_, index) => index + 1));
  expect((await store.get(id))?.cursor).toBe(104);
});

test("the refused event of a batch is parked", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const sizes: number[] = [];
  const subscriber = await startSubscriber((response, { body }) => {
    const seqs = JSON.parse(body).map(({ seq }: { seq: number }) => seq);
    sizes.push(seqs.length);
    response.writeHead(seqs.includes(5) ? 422 : 200).end();
  });
  const { id } = await subscribe(subscriber.url, { batch: 10, policy: "park" });
  for (let count = 0; count < 20; count += 1) log.append();
  await dispatcher().dispatch();
  expect(sizes).toEqual([10, ...Array(4).fill(1), ...Array(5).fill(1), ...Array(5).fill(1), 10]);
  expect(await store.parked(id)).toMatchObject([{ eventId: "event-5", seq: 5, attempts: 5 }]);
  expect((await store.get(id))?.cursor).toBe(20);
});

test("the events of a refused batch are sent one by one in the same dispatch", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber((response, { body }) => {
    response.writeHead(JSON.parse(body).length > 1 ? 413 : 200).end();
  });
  const { id } = await subscribe(subscriber.url, { batch: 10, policy: "park" });
  await store.change(id, (now) => ({
    ...now,
    standing: { state: "retrying", failures: 12, failingSince: now.createdAt },
  }));
  for (let count = 0; count < 5; count += 1) log.append();
  await dispatcher().dispatch();
  expect((await store.get(id))?.cursor).toBe(5);
  expect(subscriber.arrivals).toHaveLength(6);
});

test("all processes together send at most perMinute requests in any minute", async () => {
  const { log, dispatcher, subscribe, clock, wakeUps } = newWorld();
  const times: number[] = [];
  const subscriber = await startSubscriber((response) => {
    times.push(clock.now());
    response.end();
  });
  await subscribe(subscriber.url, { perMinute: 3 });
  for (let count = 0; count < 7; count += 1) log.append();
  const { dispatch } = dispatcher();
  await dispatch();
  expect(times).toHaveLength(3);
  expect(wakeUps).toHaveLength(1);
  await clock.wait(wakeUps[0] ?? 0);
  // The limit also holds for another process.
  await dispatcher().dispatch();
  expect(times).toHaveLength(6);
  for (const [index, time] of times.slice(3).entries())
    expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
});

test("after a roll of the secret during a delivery, both secrets sign its later events", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const until = new Date(clock.now() + DAY).toISOString();
  const secret = "whsec_bmV3IHNlY3JldCBvZiAyNCBieXRlcyEh";
  const subscriber = await startSubscriber(async (response, _, nth) => {
    const roll = (now: Subscription) => ({ ...now, secret, previousSecret: { secret: now.secret, until } });
    if (nth === 5) await store.change(id, roll);
    response.end();
  });
  const { id } = await subscribe(subscriber.url);
  for (let count = 0; count < 45; count += 1) log.append();
  await dispatcher().dispatch();
  const signatures = subscriber.arrivals.map(({ headers }) =>
    String(headers["webhook-signature"]).split(" "),
  );
  expect(signatures[0]).toHaveLength(1);
  expect(signatures.at(-1)).toHaveLength(2);
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 45));
});

const refusing =
  (refused: number[], status = 400) =>
  (response: ServerResponse, { headers }: Arrival) => {
    const seq = Number(String(headers["webhook-id"]).replace("event-", ""));
    response.writeHead(refused.includes(seq) ? status : 200).end();
  };

test.each([400, 413, 415, 422])("an event that is refused with %i five times is parked", async (status) => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const subscriber = await startSubscriber(refusing([3], status));
  const { id } = await subscribe(subscriber.url, { policy: "park" });
  for (let count = 0; count < 6; count += 1) log.append();
  const began = clock.now();
  expect(await dispatcher().dispatch()).toEqual({ delivered: 5, failed: 5, givenUp: 0 });
  expect(idsOf(subscriber.arrivals)).toEqual([...events(1, 2), ...Array(5).fill("event-3"), ...events(4, 6)]);
  expect(clock.now() - began).toBeLessThan(5_000);
  const since = expect.stringMatching(/^2026-01-31T08:00:0/);
  expect(await store.parked(id)).toEqual([
    { subscription: id, eventId: "event-3", seq: 3, since, attempts: 5 },
  ]);
  expect(await store.get(id)).toMatchObject({
    cursor: 6,
    standing: { state: "active", failures: 0 },
  });
});

test("an event blocks later ones if the policy is block or the answer is no refusal", async () => {
  for (const [policy, status] of [
    ["block", 400],
    ["park", 403],
    ["park", 500],
  ] as const) {
    const { log, dispatcher, subscribe, store } = newWorld();
    const subscriber = await startSubscriber(refusing([1], status));
    const { id } = await subscribe(subscriber.url, { policy });
    for (let count = 0; count < 2; count += 1) log.append();
    await dispatcher().dispatch();
    expect(new Set(idsOf(subscriber.arrivals))).toEqual(new Set(["event-1"]));
    expect(await store.get(id)).toMatchObject({ cursor: 0, standing: { state: "retrying" } });
  }
});

test("an event that a turned-off flow refuses is not parked", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const body = JSON.stringify({ error: { code: "WorkflowTriggerIsNotEnabled" } });
  const subscriber = await startSubscriber((response) => response.writeHead(400).end(body));
  const { id } = await subscribe(subscriber.url, { policy: "park" });
  log.append();
  await dispatcher().dispatch();
  expect(subscriber.arrivals).toHaveLength(1);
  expect(await store.parked(id)).toEqual([]);
});

test("after three parked events in a row, a refusal blocks until a delivery", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const refused = [1, 2, 3, 4, 6];
  const subscriber = await startSubscriber(refusing(refused));
  const { id } = await subscribe(subscriber.url, { policy: "park" });
  for (let count = 0; count < 7; count += 1) log.append();
  const { dispatch } = dispatcher();
  await dispatch();
  expect((await store.parked(id)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(await store.get(id)).toMatchObject({ cursor: 3, standing: { state: "retrying" } });
  refused.splice(refused.indexOf(4), 1);
  await clock.wait(MINUTE);
  await dispatch();
  expect((await store.parked(id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 6]);
  expect((await store.get(id))?.cursor).toBe(7);
});

test("an event is parked once when the subscription changes before the write", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber(refusing([2]));
  const { id } = await subscribe(subscriber.url, { policy: "park" });
  for (let count = 0; count < 3; count += 1) log.append();
  let meddled = false;
  const { dispatch } = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        if (parked?.park && !meddled) {
          meddled = true;
          await store.change(id, (now) => ({ ...now, perMinute: 600 }));
        }
        return store.replace(changed, parked);
      },
    },
  });
  await dispatch();
  expect(meddled).toBe(true);
  expect((await store.parked(id)).map(({ seq }) => seq)).toEqual([2]);
  expect(idsOf(subscriber.arrivals).filter((one) => one === "event-2")).toHaveLength(5);
  expect(await store.get(id)).toMatchObject({ cursor: 3, perMinute: 600 });
});

test("a process that lost its lease while it stood still neither sends nor writes", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const other = dispatcher({ holder: "the other" });
  const subscriber = await startSubscriber(async (response, _, nth) => {
    if (nth === 3) {
      // It stands still for longer than its lease, so the other one takes over.
      await other.dispatch();
      clock.time += LEASE_MS;
      await other.dispatch();
    }
    response.end();
  });
  const { id } = await subscribe(subscriber.url);
  for (let count = 0; count < 10; count += 1) log.append();
  await dispatcher({ holder: "the first" }).dispatch();
  // Both sent event 3, and the events since the last write are repeated.
  expect(idsOf(subscriber.arrivals)).toEqual([...events(1, 3), ...events(1, 10)]);
  expect(await store.get(id)).toMatchObject({ cursor: 10 });
  expect(await store.get(id)).not.toHaveProperty("lease");
});

test("a process that stood still checks its lease before its next request", async () => {
  const { log, dispatcher, subscribe, store, clock } = newWorld();
  const subscriber = await startSubscriber();
  const { id } = await subscribe(subscriber.url);
  log.append();
  log.append();
  const send = createPost({ allowLoopback: true });
  let asked = 0;
  const post: Post = async (...call) => {
    const answer = await send(...call);
    clock.time += 10_000;
    await store.change(id, (now) => ({
      ...now,
      lease: { holder: "another", until: new Date(clock.now() + LEASE_MS).toISOString() },
    }));
    return answer;
  };
  const counting = {
    ...store,
    async get(id: string) {
      asked += 1;
      return store.get(id);
    },
  };
  await dispatcher({ post, store: counting }).dispatch();
  expect(subscriber.arrivals).toHaveLength(1);
  expect(asked).toBe(2);
  expect((await store.get(id))?.lease?.holder).toBe("another");
});

test("stored returns whether the event was delivered at once", async () => {
  const { log, dispatcher, subscribe, store } = newWorld();
  const subscriber = await startSubscriber();
  const { id } = await subscribe(subscriber.url);
  let down = false;
  const { stored } = dispatcher({
    store: {
      ...store,
      async replace(changed, parked) {
        if (down) throw new StorageUnavailable("down");
        return store.replace(changed, parked);
      },
    },
  });
  expect(await stored(log.append().seq)).toBe(true);
  expect(subscriber.arrivals).toHaveLength(1);
  down = true;
  expect(await stored(log.append().seq)).toBe(false);
  down = false;
  expect(await stored(log.append().seq)).toBe(true);
  expect(idsOf(subscriber.arrivals)).toEqual(events(1, 3));
  expect((await store.get(id))?.cursor).toBe(3);
});
