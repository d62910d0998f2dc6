import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { EventLog } from "../../shared/event-log/event-log.ts";
import { openEventLog } from "../../shared/event-log/event-log.ts";
import { identify } from "../../shared/event-log/identity.ts";
import { identityKey } from "../../shared/event-log/keys.ts";
import { started } from "./deliveries.ts";
import { MemoryTable } from "./memory-table.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LATENCY = 20;
let seed = 1;
/** A Lehmer generator with a fixed seed, so each run of the tests has the same numbers. */
const random = () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function openInstances(count: number) {
  const memory = new MemoryTable(LATENCY);
  const open = () => openEventLog({ table: memory.client, now: Date.now, random, wait });
  return { memory, instances: Array.from({ length: count }, open) };
}

let chats = 0;
async function timeAppend(log: EventLog): Promise<number> {
  const begin = Date.now();
  await log.append(started({ id: `C${chats++}` }));
  return Date.now() - begin;
}

const percentile = (times: number[], part: number) =>
  times.toSorted((a, b) => a - b)[Math.ceil(times.length * part) - 1] ?? Number.POSITIVE_INFINITY;

test("with ten instances and 200 events a second, 99 % of appends end within 2 s", async () => {
  const { instances } = openInstances(10);
  const times: Promise<number>[] = [];
  for (let event = 0; event < 2_000; event++) {
    const log = instances[Math.floor(random() * instances.length)] as EventLog;
    times.push(timeAppend(log));
    await vi.advanceTimersByTimeAsync(-Math.log(1 - random()) * 5);
  }
  await vi.advanceTimersByTimeAsync(5_000);
  const taken = await Promise.all(times);
  expect(percentile(taken, 0.99)).toBeLessThan(2_000);
});

test("an instance with a full queue lets another append within a second", async () => {
  const { instances } = openInstances(2);
  const [busy, quiet] = instances as [EventLog, EventLog];
  let running = true;
  const keepBusy = async () => {
    while (running) await busy.append(started({ id: `C${chats++}` }));
  };
  const work = Array.from({ length: 5 }, keepBusy);
  await vi.advanceTimersByTimeAsync(5_000);
  const times: Promise<number>[] = [];
  for (let event = 0; event < 10; event++) {
    times.push(timeAppend(quiet));
    await vi.advanceTimersByTimeAsync(3_000);
  }
  expect(Math.max(...(await Promise.all(times)))).toBeLessThan(1_000);
  running = false;
  await vi.advanceTimersByTimeAsync(1_000);
  await Promise.all(work);
});

test("an instance that dies during its turn delays others by less than a second", async () => {
  const { memory, instances } = openInstances(3);
  const dead = "00000000-0000-4000-8000-000000000000";
  await Promise.all([timeAppend(instances[0] as EventLog), vi.advanceTimersByTimeAsync(1_000)]);
  const row = { partitionKey: "log", rowKey: "head" };
  memory.upsertEntity({ partitionKey: "log", rowKey: `head.waiting:${dead}` } as never);
  memory.submitTransaction([["update", { ...row, turn: dead }, "Merge"]]);
  await vi.advanceTimersByTimeAsync(1_000);
  const times = instances.map(timeAppend);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(Math.max(...(await Promise.all(times)))).toBeLessThan(1_000);
  const rest = memory.getEntity("log", `head.waiting:${dead}`);
  await Promise.all([expect(rest).rejects.toThrow(), vi.advanceTimersByTimeAsync(100)]);
});

test("a single instance with two events a second sends one request for each", async () => {
  const { memory, instances } = openInstances(1);
  const [log] = instances as [EventLog];
  await Promise.all([timeAppend(log), vi.advanceTimersByTimeAsync(1_000)]);
  const before = memory.requests;
  for (let event = 0; event < 10; event++) {
    await Promise.all([timeAppend(log), vi.advanceTimersByTimeAsync(500)]);
  }
  expect(memory.requests - before).toBe(10);
});

test("while a request hangs, later appends wait only until its own appends give up", async () => {
  const { memory, instances } = openInstances(1);
  const [log] = instances as [EventLog];
  const { submitTransaction } = memory;
  memory.submitTransaction = (_actions, { abortSignal } = {}) => {
    memory.submitTransaction = submitTransaction;
    return new Promise((_resolve, reject) => {
      abortSignal?.addEventListener("abort", () => reject(abortSignal.reason));
    });
  };
  const first = expect(log.append(started({ id: "hangs" }))).rejects.toThrow("in time");
  await vi.advanceTimersByTimeAsync(5_000);
  const later = timeAppend(log);
  await vi.advanceTimersByTimeAsync(2_000);
  await first;
  expect(await later).toBeLessThan(2_000);
});

test("an append with a licence to a log without a head pauses between its attempts", async () => {
  const { memory, instances } = openInstances(1);
  const event = { ...started(), licence: "1" };
  // The head is the last row of a restore, which was interrupted here.
  const rowKey = identityKey(identify(event));
  memory.upsertEntity({ partitionKey: "log", rowKey, seq: 1 } as never);
  await vi.advanceTimersByTimeAsync(1_000);
  const before = memory.requests;
  const append = expect((instances[0] as EventLog).append(event)).rejects.toThrow("in time");
  await vi.advanceTimersByTimeAsync(8_000);
  await append;
  expect(memory.requests - before).toBeLessThan(100);
});
