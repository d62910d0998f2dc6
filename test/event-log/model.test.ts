import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StorageUnavailable } from "../../shared/core/errors.ts";
import type { EventLog, EventLogOptions } from "../../shared/event-log/event-log.ts";
import type { Appended, LogEvent, NewEvent } from "../../shared/event-log/types.ts";
import { answer, answerAfter, cutAfter, cutBefore, type Fault, isTransaction } from "../storage/faults.ts";
import { ended, newClock, newLog, newTable, started, ticketCreated } from "./deliveries.ts";

// Several instances append events to one log. The network, the storage and the instances fail at any request. The log is
// compared with a model: a map of the events that were acknowledged.

const SCHEDULES = process.env.LONG ? 5_000 : 200;
/** How many schedules run at once. While one waits for storage, another continues. */
const AT_ONCE = 4;

const FAULTS = {
  fine: (send) => send(),
  slow: async (send) => setTimeout(2).then(send),
  cutBefore,
  cutAfter,
  failed: answer(500),
  failedAfter: answerAfter(500),
  busy: answer(503),
  busyAfter: answerAfter(503),
  throttled: answer(429),
} satisfies Record<string, Fault>;

type FaultName = keyof typeof FAULTS | "dies" | "diesAfter" | "outrun";

/** The table of all schedules, without faults. Each schedule has its own partition. */
const calm = newTable();
let partition = 0;

/** An instance of the app with its own faults. After its death, it gets no answers, and its appends fail. */
function startInstance(options: Partial<EventLogOptions>, faults: FaultName[]) {
  const { partitionKey = "" } = options;
  const death = Promise.withResolvers<never>();
  death.promise.catch(() => undefined);
  let alive = true;
  const table = newTable(calm.tableName, async (send, request) => {
    const name = alive ? (faults.shift() ?? "fine") : "dies";
    if (name === "diesAfter") await send();
    if (name === "dies" || name === "diesAfter") {
      alive = false;
      death.reject(new StorageUnavailable("dead"));
      return new Promise<never>(() => {});
    }
    if (name !== "outrun") return FAULTS[name](send, request);
    // Another instance changes the head before the transaction, which storage then refuses with 412.
    const head =
      isTransaction(request) && (await calm.getEntity(partitionKey, "head").catch(() => undefined));
    const same = head && { ...head, partitionKey, rowKey: "head" };
    if (same) await calm.updateEntity(same, "Replace", { etag: head.etag }).catch(() => undefined);
    return send();
  });
  const log = newLog({ ...options, table });
  return {
    append: (event: NewEvent) => Promise.race([log.append(event), death.promise]),
    isAlive: () => alive,
  };
}

/** Nine events; the tenth is another delivery of the first, with another body. */
const EVENTS: NewEvent[] = [
  started({ id: "A", minute: 0 }),
  ended({ id: "A", minute: 1 }),
  ended({ id: "A", minute: 2 }),
  started({ id: "B", minute: 0 }),
  ended({ id: "B", minute: 1 }),
  ticketCreated({ id: "A" }),
  ticketCreated({ id: "B" }),
  started({ id: "C \ud800 🙂 \u0000" }),
  ended({ id: "C", more: { ended_timestamp: undefined } }),
  started({ id: "A", minute: 0, more: { tags: ["again"] } }),
];
const sameEvent = (event: number) => (event === 9 ? 0 : event);

const delivery = fc.record({ event: fc.nat({ max: EVENTS.length - 1 }), instance: fc.nat({ max: 2 }) });
const fault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<FaultName>("fine") },
  { weight: 5, arbitrary: fc.constantFrom(...(Object.keys(FAULTS) as FaultName[])) },
  { weight: 3, arbitrary: fc.constant<FaultName>("outrun") },
  { weight: 1, arbitrary: fc.constantFrom<FaultName>("dies", "diesAfter") },
);
const schedule = fc.record({
  /** The deliveries of a wave are made at the same time. */
  waves: fc.array(fc.array(delivery, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  faults: fc.tuple(...Array.from({ length: 3 }, () => fc.array(fault, { maxLength: 10 }))),
});

test.concurrent.for(Array.from({ length: AT_ONCE }, (_, index) => index + 1))(
  "after any failures, an acknowledged event is in the log once, in one order (%i)",
  { timeout: 3_600_000 },
  runSchedules,
);

async function runSchedules() {
  await fc.assert(
    fc.asyncProperty(schedule, async ({ waves, faults }) => {
      const partitionKey = `schedule${partition++}`;
      const options = { partitionKey, ...newClock() };
      const start = (index: number) => startInstance(options, [...(faults[index] ?? [])]);
      const instances = [start(0), start(1), start(2)];
      const acknowledged = new Map<number, Appended[]>();
      const delivered = new Set<number>();
      const deliver = async (log: Pick<EventLog, "append">, event: number) => {
        const appended = await log.append(EVENTS[event] as NewEvent);
        const first = sameEvent(event);
        acknowledged.set(first, [...(acknowledged.get(first) ?? []), appended]);
      };

      for (const wave of waves) {
        await Promise.all(
          wave.map(async ({ event, instance }) => {
            const running = instances[instance] as (typeof instances)[number];
            delivered.add(sameEvent(event));
            await deliver(running, event).catch((error) => {
              if (!(error instanceof StorageUnavailable)) throw error;
            });
          }),
        );
        for (const [index, { isAlive }] of instances.entries()) {
          // A new process has no memory of the old one, and no faults.
          if (!isAlive()) instances[index] = startInstance(options, []);
        }
      }
      const healthy = newLog({ ...options, table: calm });
      const items = await readAll(healthy);
      check(items, acknowledged, delivered);

      // LiveChat repeats deliveries that were not acknowledged.
      await Promise.all([...delivered].map((event) => deliver(healthy, event)));
      const complete = await readAll(healthy);
      expect(complete.slice(0, items.length)).toEqual(items);
      expect(complete).toHaveLength(delivered.size);
      expect((await healthy.head()).seq).toBe(delivered.size);
      check(complete, acknowledged, delivered);
    }),
    { numRuns: SCHEDULES / AT_ONCE },
  );
}

async function readAll(log: EventLog): Promise<LogEvent[]> {
  const { items, next } = await log.list();
  expect(next).toBe(items.length);
  return items;
}

function check(items: LogEvent[], acknowledged: Map<number, Appended[]>, delivered: Set<number>): void {
  expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => index + 1));
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  expect(items.map(({ receivedAt }) => receivedAt)).toEqual(items.map(({ receivedAt }) => receivedAt).sort());
  expect(items.length).toBeLessThanOrEqual(delivered.size);
  for (const [event, answers] of acknowledged) {
    const { type, subjectId, occurredAt } = EVENTS[event] as NewEvent;
    const found = items.filter(({ id }) => id === answers[0]?.id);
    const subject = type === "ticket_created" ? { ticketId: subjectId } : { chatId: subjectId };
    expect(found).toEqual([expect.objectContaining({ type, ...subject })]);
    if (event !== 0 && occurredAt) expect(found[0]?.occurredAt).toBe(occurredAt);
    for (const { id, seq } of answers) expect({ id, seq }).toEqual({ id: found[0]?.id, seq: found[0]?.seq });
    // At most one append of an event answers `stored`; no append does when the first one died or lost its answer.
    expect(answers.filter(({ status }) => status === "stored").length).toBeLessThanOrEqual(1);
  }
}
