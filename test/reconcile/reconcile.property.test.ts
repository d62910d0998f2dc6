import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cut } from "../storage/faults.ts";
import { newTableName, openStore } from "../tickets/store/open-store.ts";
import { createMemory, openMemoryStore } from "./memory-store.ts";
import { type Backend, type Listing, listings, restlessRunPlan, runPlan, Simulation } from "./simulation.ts";

const LONG = Boolean(process.env.LONG);
const RUNS = LONG ? 10_000 : 300;
const TIME_LIMIT = LONG ? 1_200_000 : 60_000;

function inMemory(): Backend {
  const memory = createMemory();
  return (process) => openMemoryStore(memory, (write) => process.touch(write));
}

function inTable(): Backend {
  const tableName = newTableName();
  const immortal = openStore(tableName);
  return (process) => {
    if (!process.mortal) return immortal;
    return openStore(tableName, async (send, { method }) => {
      if (method === "GET" && !process.dead) return send();
      const { happens, lives } = process.next();
      const response = happens ? await send() : undefined;
      if (response && lives) return response;
      throw cut();
    });
  };
}

/** After any moves of the account and any failures, two runs at rest make it right. */
function becomesRight(open: () => Backend, listing: Listing) {
  return fc.asyncProperty(
    fc.record({
      size: fc.nat(20),
      everyMs: fc.constantFrom(0, 400, 60_000),
      pageSize: fc.constantFrom(2, 3, 5),
    }),
    fc.array(runPlan, { maxLength: 8 }),
    async (start, plans) => {
      const simulation = new Simulation(open(), start, listing);
      for (const plan of plans) await simulation.run(plan);
      await simulation.outlastLease();
      await simulation.comeToRest();
      expect(await simulation.mistakes()).toEqual([]);

      // Nothing is left to be done, once the last change is old enough to be the last of its second.
      simulation.account.now += 15 * 60_000;
      await simulation.runAtRest();
      expect(await simulation.runAtRest()).toMatchObject({
        ...{ outcome: "completed", calls: 1, added: 0, changed: 0, deleted: 0, restored: 0, recovered: 0 },
      });
    },
  );
}

/** Without faults, nothing is ever marked as deleted that is there; and at rest two runs make it right. */
function neverMarksFalsely(listing: Listing) {
  return fc.asyncProperty(
    fc.record({
      size: fc.integer({ min: 4, max: 14 }),
      everyMs: fc.constantFrom(0, 300),
      pageSize: fc.constant(2),
    }),
    fc.array(restlessRunPlan, { minLength: 1, maxLength: 4 }),
    async (start, plans) => {
      const simulation = new Simulation(inMemory(), start, listing);
      for (const plan of plans) {
        await simulation.run(plan);
        expect(await simulation.falselyDeleted()).toEqual([]);
      }
      await simulation.comeToRest();
      expect(await simulation.mistakes()).toEqual([]);
    },
  );
}

describe.each(Object.entries(listings))("tickets as %s lists them", (_, listing) => {
  test(
    "while tickets of the same second change places, none is taken for deleted",
    () => fc.assert(neverMarksFalsely(listing), { numRuns: RUNS }),
    TIME_LIMIT,
  );

  describe("at rest, two runs make tickets and events right after any history", () => {
    test(
      "with a store in memory",
      () => fc.assert(becomesRight(inMemory, listing), { numRuns: RUNS }),
      TIME_LIMIT,
    );
    test(
      "with a store in a table",
      () => fc.assert(becomesRight(inTable, listing), { numRuns: LONG ? 300 : 6 }),
      TIME_LIMIT,
    );
  });
});
