import { expect, inject, test } from "vitest";
import { Forbidden, InvalidInput, StorageUnavailable, Unauthorized } from "../../shared/core/errors.ts";
import { openRefusals, refusalReason } from "../../shared/health/refusals.ts";
import { NoCredentials } from "../../shared/receive/verify-sender.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import "../no-time-limits.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-01-15T12:00:00.000Z");

/** Instances on one table, with a clock and timers of their own. */
function world(name: string) {
  const table = openTable({ connectionString: inject("storage") }, name);
  let clock = START;
  let writes = 0;
  const counted = () => {
    writes++;
    return table;
  };
  const timers: { at: number; run: () => unknown }[] = [];
  return {
    table,
    writes: () => writes,
    start: () =>
      openRefusals({
        table: counted,
        now: () => clock,
        later: (run, milliseconds) => timers.push({ at: clock + milliseconds, run }),
      }),
    /** Lets time pass and runs what falls due. */
    async pass(milliseconds: number) {
      clock += milliseconds;
      for (const timer of timers.splice(0)) {
        if (timer.at <= clock) await timer.run();
        else timers.push(timer);
      }
    },
  };
}

const wrong = { type: "chat_ended", reason: "unauthorized" } as const;

test("refusals of all instances are counted for an hour", async () => {
  const { start, pass } = world("RefusalsMeet");
  const [one, other] = [start(), start()];
  one.record(wrong, () => {});
  other.record(wrong, () => {});
  other.record({ ...wrong, reason: "forbidden" }, () => {});
  await pass(0);
  expect(await one.lastHour()).toEqual({ unauthorized: 2, forbidden: 1 });
  expect(await start().lastHour()).toEqual({ unauthorized: 2, forbidden: 1 });
  await pass(30 * MINUTE);
  one.record(wrong, () => {});
  expect(await one.lastHour()).toEqual({ unauthorized: 3, forbidden: 1 });
  await pass(0);
  await pass(35 * MINUTE);
  expect(await start().lastHour()).toEqual({ unauthorized: 1 });
  await pass(31 * MINUTE);
  expect(await start().lastHour()).toEqual({});
});

test("for any number of refused calls an instance writes into 13 rows once a minute", async () => {
  const { start, pass, writes, table } = world("RefusalsBounded");
  const refusals = start();
  for (let minute = 0; minute < 120; minute++) {
    for (let call = 0; call < 50; call++) {
      refusals.record({ ...wrong, reason: "no-credentials" }, () => {});
      await pass(MINUTE / 50);
    }
  }
  // A write is a read and a replacement, of the windows that the minute touches.
  expect(writes()).toBeLessThanOrEqual(121 * 4);
  let rows = 0;
  for await (const _ of table.listEntities()) rows++;
  expect(rows).toBeLessThanOrEqual(13);
  expect((await start().lastHour())["no-credentials"]).toBeGreaterThan(58 * 50);
});

test("refusals of one type and reason have one log line a minute, with their count", async () => {
  const { start, pass } = world("RefusalsLines");
  const refusals = start();
  const lines: unknown[] = [];
  const record = () => refusals.record(wrong, (...line) => lines.push(line));
  for (let call = 0; call < 100; call++) record();
  refusals.record({ ...wrong, type: "chat_started" }, (...line) => lines.push(line));
  expect(lines).toEqual([
    ["delivery refused", { type: "chat_ended", outcome: "unauthorized" }],
    ["delivery refused", { type: "chat_started", outcome: "unauthorized" }],
  ]);
  await pass(MINUTE);
  record();
  expect(lines[2]).toEqual(["delivery refused", { type: "chat_ended", outcome: "unauthorized", others: 99 }]);
});

test("counts of refusals are kept in memory while storage fails", async () => {
  let clock = START;
  let broken = true;
  const table = openTable({ connectionString: inject("storage") }, "RefusalsWait");
  const timers: (() => unknown)[] = [];
  const refusals = openRefusals({
    table: () => {
      if (broken) throw new StorageUnavailable("No.");
      return table;
    },
    now: () => clock,
    later: (run) => timers.push(run),
  });
  refusals.record(wrong, () => {});
  await timers.shift()?.();
  clock += MINUTE;
  broken = false;
  await timers.shift()?.();
  const other = openRefusals({ table: () => table, now: () => clock });
  expect(await other.lastHour()).toEqual({ unauthorized: 1 });
});

test("the reason for a refusal is the error's kind, but failures of the app have none", () => {
  expect(refusalReason(new Unauthorized("No."))).toBe("unauthorized");
  expect(refusalReason(new NoCredentials("No."))).toBe("no-credentials");
  expect(refusalReason(new Forbidden("No."))).toBe("forbidden");
  expect(refusalReason(new InvalidInput("No."))).toBe("invalid-input");
  expect(refusalReason(new StorageUnavailable("No."))).toBeUndefined();
  expect(refusalReason(new TypeError("No."))).toBeUndefined();
});
