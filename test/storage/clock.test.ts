import { expect, inject, test } from "vitest";
import { createClock } from "../../shared/storage/clock.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { readRow } from "../../shared/storage/rows.ts";

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;
const NOON = Date.parse("2026-03-01T12:00:00.000Z");

/** The clock of a machine that differs from the service's clock by `off` milliseconds. The service's clock says noon. */
function setUp(off: number) {
  let own = NOON + off;
  const clock = createClock(() => own);
  return {
    clock,
    pass: (ms: number) => {
      own += ms;
    },
    hear: (service: number, { took = 0 } = {}) => {
      const sent = own;
      own += took;
      clock.observe(new Date(service).toUTCString(), sent);
    },
  };
}

test.each([YEAR, -YEAR, 2 * MINUTE, -61_000])("a clock that differs by %i ms is corrected", (off) => {
  const { clock, hear, pass } = setUp(off);
  expect(clock.now()).toBe(NOON + off);
  hear(NOON);
  expect(clock.now()).toBe(NOON);
  pass(5000);
  expect(clock.now()).toBe(NOON + 5000);
});

test.each([0, 59_000, -59_000])("a clock that differs by %i ms is not corrected", (off) => {
  const { clock, hear } = setUp(off);
  hear(NOON);
  expect(clock.now()).toBe(NOON + off);
});

test("a clock that was set right is no longer corrected", () => {
  const { clock, hear, pass } = setUp(YEAR);
  hear(NOON);
  pass(-YEAR);
  hear(NOON);
  expect(clock.now()).toBe(NOON);
});

test("an answer ten minutes after its request does not correct the clock", () => {
  const { clock, hear } = setUp(0);
  hear(NOON + 1000, { took: 10 * MINUTE });
  expect(clock.now()).toBe(NOON + 10 * MINUTE);
});

test("a corrected clock does not jump with every answer", () => {
  const { clock, hear, pass } = setUp(YEAR);
  hear(NOON);
  pass(1000);
  hear(NOON + 30_000);
  expect(clock.now()).toBe(NOON + 1000);
});

test.each([undefined, "", "yesterday"])("an answer with the date %j does not correct the clock", (date) => {
  const { clock } = setUp(0);
  clock.observe(date, NOON);
  expect(clock.isChecked).toBe(false);
  expect(clock.now()).toBe(NOON);
});

test("an answer with an error corrects the table's clock", async () => {
  const clock = createClock(() => Date.now() + YEAR);
  const table = openTable({ connectionString: inject("storage") }, "Clocks", { clock });
  await readRow(table, "p", "none");
  expect(clock.isChecked).toBe(true);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(MINUTE);
});
