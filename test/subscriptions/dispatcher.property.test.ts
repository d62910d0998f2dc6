import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import { EVENT_TYPES, type EventType } from "../../shared/schemas/webhook.ts";
import { createDispatcher } from "../../shared/subscriptions/dispatcher.ts";
import type { CallbackAnswer } from "../../shared/subscriptions/post.ts";
import { isDelivered } from "../../shared/subscriptions/standing.ts";
import { openSubscriptionStore } from "../../shared/subscriptions/store.ts";
import { moveTo, resume, type Subscription } from "../../shared/subscriptions/subscription.ts";
import { memoryLog, newTable, termsOf, virtualClock, withoutAge } from "./world.ts";

/**
 * A random schedule has: events; dispatchers on two instances, which may die at any step; answers of subscribers;
 * changes by operators; storage failures before or after the write. At its end, every subscriber has received all
 * events of its types since its subscription, except parked ones, and no others. First deliveries are in the order of
 * the log.
 */
const SCHEDULES = process.env.LONG ? 3_000 : 60;
/** How many schedules run at the same time. A schedule mostly waits for the emulator. */
const LANES = 6;

const type = fc.constantFrom<EventType>(...EVENT_TYPES.slice(0, 2));
const answer = fc.oneof(
  { weight: 6, arbitrary: fc.constant<CallbackAnswer>({ status: 202 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<CallbackAnswer>(
      { status: 500 },
      { failure: "ECONNRESET" },
      { failure: "TIMEOUT" },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<CallbackAnswer>({ status: 404 }, { status: 429, retryAfter: 30_000 }),
  },
  // `times` repeats an answer five times in a row, so that events are parked.
  { weight: 2, arbitrary: fc.constantFrom<CallbackAnswer>({ status: 400 }, { status: 422 }) },
);
const answers = fc
  .array(fc.record({ answer, times: fc.constantFrom(1, 1, 1, 5) }), { maxLength: 10 })
  .map((runs) => runs.flatMap(({ answer, times }) => Array.from({ length: times }, () => answer)));
const terms = fc.record({
  types: fc.constantFrom<EventType[] | undefined>(["chat_started"], ["chat_ended"], undefined),
  batch: fc.constantFrom(1, 1, 7),
  policy: fc.constantFrom("park" as const, "block" as const),
});
const instance = fc.nat(1);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      type,
      count: fc.integer({ min: 1, max: 30 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("dispatch" as const), instance, toTheEnd: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("store" as const), instance, type }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die" as const), instance, in: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("fail" as const), in: fc.nat(10), done: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      for: fc.constantFrom(50, 5_000, 25_000, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), who: fc.nat(2), instance }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("replay" as const), who: fc.nat(2), to: fc.nat(40), instance }),
  },
);
const schedule = fc.record({
  subscribers: fc.array(fc.record({ terms, answers }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(step, { minLength: 4, maxLength: 16 }),
});

type Schedule = typeof schedule extends fc.Arbitrary<infer Value> ? Value : never;

async function run({ subscribers, steps }: Schedule): Promise<void> {
  const clock = virtualClock();
  const log = memoryLog();
  log.append();
  const store = withoutAge(openSubscriptionStore(newTable(), clock.now));
  const people = new Map<
    string,
    { id: string; types?: EventType[]; answers: CallbackAnswer[]; got: string[] }
  >();
  for (const [index, { terms, answers }] of subscribers.entries()) {
    const url = `https://example.com/${index}`;
    const { id } = await store.subscribe({ ...termsOf(url), ...terms, cursor: log.events.length });
    people.set(url, { id, types: terms.types, answers: [...answers], got: [] });
  }

  /** The storage failures to come, by the number of the use that fails. */
  let uses = 0;
  const failures = new Map<number, boolean>();
  async function use<Value>(work: () => Promise<Value>): Promise<Value> {
    uses += 1;
    const done = failures.get(uses);
    if (done === undefined) return work();
    if (done) await work();
    throw new StorageUnavailable("Storage failed.");
  }

  /** Starts a process. All of its calls go through `live`, which never returns after the death of the process. */
  function start(holder?: string) {
    const death = Promise.withResolvers<void>();
    const life = { left: Number.POSITIVE_INFINITY, end: death.promise };
    async function live<Value>(work: () => Promise<Value>): Promise<Value> {
      await passOrDie();
      const value = await work();
      await passOrDie();
      return value;
    }
    async function passOrDie(): Promise<void> {
      life.left -= 1;
      if (life.left >= 0) return;
      death.resolve();
      await new Promise(() => {});
    }
    const { dispatch, stored, changed } = createDispatcher({
      holder,
      store: {
        list: () => live(() => use(store.list)),
        get: (id) => live(() => use(() => store.get(id))),
        replace: (changed, parked) => live(() => use(() => store.replace(changed, parked))),
      },
      log: { head: () => live(log.head), list: (query) => live(() => log.list(query)) },
      post: (url, body, headers) =>
        live(async () => {
          const person = people.get(url);
          const answer = person?.answers.shift() ?? { status: 200 };
          const sent = JSON.parse(body);
          const ids = Array.isArray(sent) ? sent.map(({ id }) => id) : [headers["webhook-id"] ?? ""];
          if (isDelivered(answer)) person?.got.push(...ids);
          await setImmediate();
          return answer;
        }),
      wakeUp: () => {},
      now: clock.now,
      wait: (milliseconds) => live(() => clock.wait(milliseconds)),
      random: () => 0.5,
      later: () => {},
    });
    return { life, dispatch, stored, changed };
  }
  const instances = [start(), start()];

  for (const each of steps) {
    if (each.do === "append") for (let count = 0; count < each.count; count += 1) log.append(each.type);
    else if (each.do === "wait") clock.time += each.for;
    else if (each.do === "fail") failures.set(uses + each.in + 1, each.done);
    else if (each.do === "store") {
      const { stored, life } = instances[each.instance] ?? start();
      await Promise.race([stored(log.append(each.type).seq), life.end]);
    } else if (each.do === "dispatch") {
      const { dispatch, life } = instances[each.instance] ?? start();
      const running = Promise.race([dispatch().catch(expectOutage), life.end]);
      if (each.toTheEnd) await running;
    } else if (each.do === "die") {
      const dying = instances[each.instance];
      if (dying) dying.life.left = Math.min(dying.life.left, each.in);
      instances[each.instance] = start();
    } else {
      const { id } = [...people.values()][each.who] ?? {};
      // A replay that moves forward skips events on purpose, so these replays only move back.
      const change =
        each.do === "replay"
          ? (now: Subscription) => moveTo(now, Math.min(each.to, now.cursor))
          : (now: Subscription) => resume(now);
      if (id) await store.change(id, change);
      instances[each.instance]?.changed();
    }
    await setImmediate();
  }

  // From here on storage and subscribers work, and given-up subscriptions are resumed.
  failures.clear();
  for (const { life } of instances) life.left = 0;
  for (const person of people.values()) {
    person.answers.length = 0;
    await store.change(person.id, resume);
  }
  const last = start("the last");
  for (let round = 0; round < 3; round += 1) {
    clock.time += 60_000;
    await last.dispatch();
  }

  for (const { id, types, got } of people.values()) {
    const wanted = log.events
      .filter((event) => !types || types.includes(event.type))
      .map((event) => event.id);
    const parked = (await store.parked(id)).map(({ eventId }) => eventId);
    // The event before the subscription is sent only by a replay.
    const first = [...new Set(got)].filter((id) => id !== "event-1");
    for (const event of first) expect(wanted).toContain(event);
    const inOrder = first.filter((event) => !parked.includes(event));
    expect(inOrder).toEqual(wanted.filter((event) => event !== "event-1" && !parked.includes(event)));
    const kept = await store.get(id);
    expect(kept).toMatchObject({ standing: { state: "active" } });
    // The lease of a dead process may stay in a row without waiting events.
    expect(kept?.lease?.holder).not.toBe("the last");
    const last = wanted.length > 0 ? Number(wanted.at(-1)?.replace("event-", "")) : 0;
    expect(kept?.cursor).toBeGreaterThanOrEqual(last);
  }
}

function expectOutage(error: unknown): void {
  expect(error).toBeInstanceOf(StorageUnavailable);
}

test.concurrent.each(Array.from({ length: LANES }, (_, lane) => lane))(
  "after any failures every subscriber gets every wanted event in order (%i)",
  async () => {
    await fc.assert(fc.asyncProperty(schedule, run), { numRuns: Math.ceil(SCHEDULES / LANES) });
  },
  600_000,
);
