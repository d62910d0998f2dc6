import { expect, test } from "vitest";
import { NewerFormat } from "../../shared/storage/format.ts";
import { openAttempts } from "../../shared/subscriptions/attempts.ts";
import { openSubscriptionStore } from "../../shared/subscriptions/store.ts";
import { type KeptSubscription, resume } from "../../shared/subscriptions/subscription.ts";
import { cut, inject, makeNewer } from "../storage/faults.ts";
import { failedRequest, newTable, termsOf, withoutAge } from "./world.ts";

const wanted = { ...termsOf("https://example.com/hook?sig=a%2Fb"), cursor: 41 };

test("a new subscription is stored with the terms that were asked for", async () => {
  const store = withoutAge(openSubscriptionStore(newTable(), () => Date.parse("2026-01-31T08:00:00Z")));
  const made = await store.subscribe(wanted);
  expect(made).toMatchObject({
    ...wanted,
    id: expect.stringMatching(/^[\w-]{32}$/),
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    createdAt: "2026-01-31T08:00:00.000Z",
    standing: { state: "active", failures: 0 },
  });
  expect(await store.get(made.id)).toEqual(made);
  expect(await store.list()).toEqual([made]);
});

test("the same types and URL from eight instances create one subscription", async () => {
  const table = newTable();
  const instances = Array.from({ length: 8 }, () => openSubscriptionStore(table));
  const made = await Promise.all(instances.map((instance) => instance.subscribe(wanted)));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(1);

  const others = await Promise.all([
    instances[0]?.subscribe({ ...wanted, types: ["chat_ended"] }),
    instances[0]?.subscribe({ ...wanted, types: ["chat_started", "chat_ended"] }),
    instances[0]?.subscribe({ ...wanted, types: undefined }),
    instances[1]?.subscribe({ ...wanted, url: `${wanted.url}&x=1` }),
  ]);
  expect(new Set([...made, ...others].map((one) => one?.id)).size).toBe(5);
});

test("a call with the same types and URL replaces the subscription's other terms", async () => {
  const store = withoutAge(openSubscriptionStore(newTable()));
  const made = await store.subscribe({ ...wanted, types: ["chat_started", "chat_ended"] });
  const terms = {
    types: ["chat_ended", "chat_started"] as ("chat_ended" | "chat_started")[],
    filter: { tag: ["vip"] },
    format: "cloudevents" as const,
    batch: 20,
    perMinute: 60,
    policy: "park" as const,
  };
  const changed = await store.subscribe({ ...wanted, ...terms, cursor: 99 });
  expect(changed).toMatchObject({ ...terms, id: made.id, secret: made.secret, cursor: 41 });
  expect(await store.get(made.id)).toMatchObject({ ...terms, types: ["chat_started", "chat_ended"] });
});

test("a row with one type and no later columns is read with their defaults", async () => {
  const table = newTable();
  const store = withoutAge(openSubscriptionStore(table));
  const { id, secret } = await store.subscribe(wanted);
  const row = { partitionKey: "subscriptions", rowKey: `subscription:${id}`, type: "chat_started", secret };
  const old = { ...row, url: wanted.url, createdAt: "2026-01-31T08:00:00.000Z", cursor: 7 };
  await table.updateEntity({ ...old, state: "active", failures: 0 }, "Replace");
  expect(await store.get(id)).toMatchObject({
    ...termsOf(wanted.url),
    cursor: 7,
    moves: 0,
    missed: 0,
  });
  // Its type and URL still lead to the same subscription.
  expect((await store.subscribe(wanted)).id).toBe(id);
});

test("a row with every column is read completely and written back unchanged", async () => {
  const table = newTable();
  const store = withoutAge(openSubscriptionStore(table));
  const { id, secret } = await store.subscribe(wanted);
  const [at, later] = ["2026-01-31T08:00:00.000Z", "2026-01-31T08:00:02.000Z"];
  const attempts = [{ eventId: "event", seq: 7, at, status: 404, durationMs: 3 }];
  const columns = {
    format: 1,
    types: "chat_started,chat_ended",
    filter: '{"tag":["vip"]}',
    url: wanted.url,
    deliveryFormat: "cloudevents",
    batch: 5,
    perMinute: 60,
    policy: "park",
    secret,
    previousSecret: "whsec_b2xk",
    previousSecretUntil: later,
    createdAt: at,
    log: "a log",
    cursor: 7,
    moves: 2,
    restartedAt: at,
    replayThrough: 9,
    state: "retrying",
    failures: 3,
    failingSince: at,
    goneCount: 2,
    goneSince: at,
    refusedSeq: 8,
    refusedCount: 4,
    parkedInARow: 1,
    nextAttemptAt: later,
    answeredAt: at,
    answerStatus: 404,
    answerFailure: "TIMEOUT",
    leaseHolder: "a process",
    leaseUntil: later,
    attempts: JSON.stringify(attempts),
    sent: "[[1769846400,2]]",
    missed: 6,
    missedAt: at,
  };
  const key = { partitionKey: "subscriptions", rowKey: `subscription:${id}` };
  await table.updateEntity({ ...key, ...columns, write: "1" }, "Replace");
  const kept = await store.get(id);
  expect(kept).toEqual({
    id,
    etag: expect.any(String),
    types: ["chat_started", "chat_ended"],
    filter: { tag: ["vip"] },
    url: wanted.url,
    format: "cloudevents",
    batch: 5,
    perMinute: 60,
    policy: "park",
    secret,
    previousSecret: { secret: "whsec_b2xk", until: later },
    createdAt: at,
    log: "a log",
    cursor: 7,
    moves: 2,
    restartedAt: at,
    replayThrough: 9,
    standing: {
      state: "retrying",
      failures: 3,
      failingSince: at,
      gone: { count: 2, since: at },
      refused: { seq: 8, count: 4 },
      parkedInARow: 1,
      nextAttemptAt: later,
      lastAnswer: { at, status: 404, failure: "TIMEOUT" },
    },
    lease: { holder: "a process", until: later },
    attempts,
    sent: [[1769846400, 2]],
    missed: 6,
    missedAt: at,
  });
  await store.replace(kept as KeptSubscription);
  const { etag: _, timestamp: __, write, ...row } = await table.getEntity(key.partitionKey, key.rowKey);
  expect(row).toMatchObject({ ...key, ...columns });
  expect(write).not.toBe("1");
});

test("an event is parked in one transaction with the place", async () => {
  const store = openSubscriptionStore(newTable());
  const made = await store.subscribe(wanted);
  const park = { eventId: "event-42", seq: 42, since: "2026-01-31T08:00:00.000Z", attempts: 5 };
  expect(await store.replace({ ...made, cursor: 42 }, { park })).toMatchObject({ cursor: 42 });
  expect(await store.replace({ ...made, cursor: 43 }, { park: { ...park, seq: 43 } })).toBeUndefined();
  expect(await store.parked(made.id)).toEqual([{ ...park, subscription: made.id }]);
  expect(await store.unpark(made.id, 42)).toBe(true);
  expect(await store.unpark(made.id, 42)).toBe(false);

  const kept = (await store.get(made.id)) as KeptSubscription;
  await store.replace(kept, { park });
  await store.remove(made.id);
  expect(await store.parked()).toEqual([]);
});

test("a given-up subscription continues at its place after a new subscribe call", async () => {
  const store = openSubscriptionStore(newTable());
  const { id } = await store.subscribe(wanted);
  const lastAnswer = { at: "2026-01-31T08:00:00.000Z", status: 410 };
  await store.change(id, (now) => ({
    ...now,
    cursor: 50,
    standing: {
      state: "given_up",
      failures: 9,
      lastAnswer,
      failingSince: lastAnswer.at,
      nextAttemptAt: lastAnswer.at,
    },
  }));
  expect(await store.subscribe({ ...wanted, cursor: 99 })).toMatchObject({
    id,
    cursor: 50,
    standing: { state: "active", failures: 0, lastAnswer },
  });
  const { standing } = (await store.get(id)) as KeptSubscription;
  expect(standing.failingSince).toBeUndefined();
  expect(standing.nextAttemptAt).toBeUndefined();
});

test("after a removal, the same URL gets a new subscription", async () => {
  const store = openSubscriptionStore(newTable());
  const first = await store.subscribe(wanted);
  await Promise.all([store.remove(first.id), store.remove(first.id)]);
  await store.remove(first.id);
  expect(await store.list()).toEqual([]);
  expect(await store.change(first.id, resume)).toBeUndefined();
  const second = await store.subscribe({ ...wanted, cursor: 60 });
  expect(second.id).not.toBe(first.id);
  expect(second.cursor).toBe(60);
});

test.each(["x", "../x", "a/b", "a#b", "\u{1F4A1}", "target:0", "a".repeat(2000), ""])(
  "the id %j finds no subscription",
  async (id) => {
    const store = openSubscriptionStore(newTable());
    await store.subscribe(wanted);
    expect(await store.get(id)).toBeUndefined();
    expect(await store.change(id, resume)).toBeUndefined();
    await store.remove(id);
    expect(await store.list()).toHaveLength(1);
  },
);

test("the first of two concurrent writes wins", async () => {
  const store = openSubscriptionStore(newTable());
  const made = await store.subscribe(wanted);
  const written = await store.replace({ ...made, cursor: 42 });
  expect(written?.cursor).toBe(42);
  expect(await store.replace({ ...made, cursor: 43 })).toBeUndefined();
});

test("six concurrent changes of a subscription are all done", async () => {
  const store = openSubscriptionStore(newTable());
  const made = await store.subscribe(wanted);
  await Promise.all(
    Array.from({ length: 6 }, () => store.change(made.id, (now) => ({ ...now, cursor: now.cursor + 1 }))),
  );
  expect((await store.get(made.id))?.cursor).toBe(47);
});

test("a write whose answer is lost counts as done", async () => {
  const table = newTable();
  await openSubscriptionStore(table).list();
  let lost = 0;
  inject(table, async (send, { method }) => {
    const response = await send();
    if (method === "GET" || response.status >= 300) return response;
    lost += 1;
    throw cut();
  });
  const store = openSubscriptionStore(table);
  const made = await store.subscribe(wanted);
  expect(made).toMatchObject(wanted);
  expect((await store.replace({ ...made, cursor: 42 }))?.cursor).toBe(42);
  expect((await store.change(made.id, resume))?.cursor).toBe(42);
  expect(await store.list()).toHaveLength(1);
  await store.remove(made.id);
  expect(await store.list()).toEqual([]);
  expect(lost).toBe(4);
});

test("reading subscription data of a newer version throws NewerFormat", async () => {
  const table = newTable();
  const store = openSubscriptionStore(table);
  const kept = await store.subscribe(wanted);
  const since = "2026-01-31T08:00:00.000Z";
  await store.replace(kept, { park: { eventId: "event", seq: 42, since, attempts: 5 } });
  const attempts = openAttempts(table);
  await attempts.recordFailure(failedRequest(since), kept, [{ id: "event", seq: 42 }]);
  expect([await store.parked(kept.id), await attempts.of(42)]).toMatchObject([[{}], [{}]]);

  await makeNewer(table);
  await expect(store.list()).rejects.toThrow(NewerFormat);
  await expect(store.get(kept.id)).rejects.toThrow(NewerFormat);
  await expect(store.parked(kept.id)).rejects.toThrow(NewerFormat);
  await expect(attempts.of(42)).rejects.toThrow(NewerFormat);
});
