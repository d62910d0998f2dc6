import { expect, test } from "vitest";
import { AppendTurns, nextTurn, turnsUntil } from "../../shared/event-log/append-turns.ts";
import { waitingKey } from "../../shared/event-log/keys.ts";
import { MemoryTable } from "./memory-table.ts";

const head = { seq: 0, lastReceived: {} };
const signal = new AbortController().signal;
const partitionKey = "log";

/** An instance on a table in memory, and a clock that moves only when the instance waits or the test says so. */
function setUp() {
  const memory = new MemoryTable(0);
  let time = 0;
  let onWait = () => {};
  const wait = async (milliseconds: number) => {
    time += milliseconds;
    onWait();
  };
  const timing = { now: () => time, random: () => 0, wait };
  const turns = new AppendTurns({ table: memory.client, partitionKey }, timing);
  return {
    turns,
    memory,
    timing,
    setHead: (turn?: string) =>
      memory.submitTransaction([["upsert", { partitionKey, rowKey: "head", seq: 1, turn }, "Replace"]]),
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    whenWaiting: (act: () => void) => {
      onWait = act;
    },
    isWaiting: () =>
      memory.getEntity(partitionKey, waitingKey(turns.instance)).then(
        () => true,
        () => false,
      ),
  };
}

test("turns go round the waiting instances in the order of their ids", () => {
  expect(nextTurn(["c", "a", "b"], "a")).toBe("b");
  expect(nextTurn(["c", "a"], "b")).toBe("c");
  expect(nextTurn(["b", "a"], "c")).toBe("a");
});

test("without other waiting instances there is no next turn", () => {
  expect(nextTurn([], "a")).toBeUndefined();
  expect(nextTurn(["a"], "a")).toBeUndefined();
});

test("an instance may append when it has the turn or no instance has it", () => {
  expect(turnsUntil({ head, waiting: ["b"] }, "a")).toBe(0);
  expect(turnsUntil({ head: { ...head, turn: "a" }, waiting: ["a", "b"] }, "a")).toBe(0);
});

test("an instance waits for the turns of all instances before it in the ring", () => {
  const waiting = ["a", "b", "c"];
  expect(turnsUntil({ head: { ...head, turn: "b" }, waiting }, "c")).toBe(1);
  expect(turnsUntil({ head: { ...head, turn: "c" }, waiting }, "a")).toBe(1);
  expect(turnsUntil({ head: { ...head, turn: "c" }, waiting }, "b")).toBe(2);
  expect(turnsUntil({ head: { ...head, turn: "x" }, waiting: [] }, "a")).toBe(1);
});

test("an instance that appends alone reads the head once", async () => {
  const { turns, memory, pass } = setUp();
  const known = await turns.take(signal);
  expect(known).toEqual({ head, waiting: [] });
  for (let append = 0; append < 5; append++) {
    turns.recordAppend(known);
    pass(1_000);
    expect(await turns.take(signal)).toBe(known);
  }
  expect(memory.requests).toBe(1);
});

test("an instance appending without a pause reads the head again after half a second", async () => {
  const { turns, memory, pass } = setUp();
  const known = await turns.take(signal);
  for (let append = 0; append < 6; append++) {
    turns.recordAppend(known);
    await turns.take(signal);
    pass(100);
  }
  expect(memory.requests).toBe(2);
});

test("an instance reads the head again after it gave the turn to another", async () => {
  const { turns, memory } = setUp();
  const { waiting } = await turns.take(signal);
  turns.recordAppend({ head: { ...head, turn: "other" }, waiting });
  await turns.take(signal);
  expect(memory.requests).toBe(2);
});

test("an instance waits in line after two lost races until its queue is empty", async () => {
  const { turns, isWaiting } = setUp();
  turns.recordLoss();
  expect((await turns.take(signal)).waiting).toEqual([]);
  turns.recordLoss();
  expect((await turns.take(signal)).waiting).toEqual([turns.instance]);
  expect(await isWaiting()).toBe(true);
  await turns.leave();
  expect(await isWaiting()).toBe(false);
});

test("an instance keeps its place in line when its append left it there", async () => {
  const { turns, isWaiting } = setUp();
  turns.recordLoss();
  turns.recordLoss();
  const known = await turns.take(signal);
  turns.recordAppend(known);
  expect((await turns.take(signal)).waiting).toEqual([turns.instance]);
  await turns.leave();
  expect(await isWaiting()).toBe(false);
});

test("an instance waits for its own turn while another has the turn", async () => {
  const { turns, setHead, timing, whenWaiting, isWaiting } = setUp();
  await setHead("other");
  let waits = 0;
  whenWaiting(() => {
    if (++waits === 2) void setHead(turns.instance);
  });
  expect((await turns.take(signal)).head.turn).toBe(turns.instance);
  expect([waits, timing.now()]).toEqual([2, 60]);
  expect(await isWaiting()).toBe(true);
});

test("an instance appends after half a second if the one with the turn does not", async () => {
  const { turns, setHead, timing } = setUp();
  await setHead("dead");
  expect((await turns.take(signal)).head.turn).toBe("dead");
  expect(timing.now()).toBe(510);
});

test("an instance skipped while it waited takes a new place in line", async () => {
  const { turns, memory, isWaiting } = setUp();
  turns.recordLoss();
  turns.recordLoss();
  await turns.take(signal);
  await memory.deleteEntity(partitionKey, waitingKey(turns.instance));
  turns.recordLoss();
  await turns.take(signal);
  turns.recordLoss();
  await turns.take(signal);
  expect(await isWaiting()).toBe(true);
});
