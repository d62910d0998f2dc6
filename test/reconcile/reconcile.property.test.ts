import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cut } from "../storage/faults.ts";
import { newTableName, openStore } from "../tickets/store/open-store.ts";
import { createMemory, openMemoryStore } from "./memory-store.ts";
import {
  type Backend,
  type Listing,
  listings,
  type RunPlan,
  restlessRunPlan,
  runPlan,
  Simulation,
  type Start,
} from "./simulation.ts";

const LONG = Boolean(process.env.LONG);
const RUNS = LONG ? 10_000 : 300;
const TIME_LIMIT = 1_200_000;

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

/**
 * Changes and failures come first, in any order. Then the account is at rest, and two runs make tickets and events
 * right. Two cases need the runs of the next day: the list repeated the same lie, or two sweeps have shown the same
 * difference.
 */
function becomesRight(open: () => Backend, listing: Listing) {
  return fc.asyncProperty(
    fc.record({
      size: fc.nat(20),
      everyMs: fc.constantFrom(0, 400, 60_000),
      pageSize: fc.constantFrom(2, 3, 5),
      isHonest: fc.boolean(),
    }),
    fc.array(runPlan, { maxLength: 8 }),
    async (start, plans) => {
      const simulation = new Simulation(open(), start, listing);
      for (const plan of plans) await simulation.run(plan);
      await simulation.outlastLease();
      await simulation.comeToRest();
      expect(await simulation.mistakes()).toEqual([]);

      // A later run finds nothing to do, once the second of the last change is over.
      simulation.account.now += 15 * 60_000;
      await simulation.runAtRest();
      expect(await simulation.runAtRest()).toMatchObject({
        ...{ outcome: "completed", calls: 1, added: 0, changed: 0, deleted: 0, restored: 0, recovered: 0 },
      });
    },
  );
}

/** Without faults, no listed ticket is ever marked as deleted, and two runs at rest make all right. */
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

/** Two wrong answers make a walk learn a wrong page size, and the run stops at its time limit. */
const WRONG_SIZE: [start: Start, plans: RunPlan[]] = [
  { size: 1, everyMs: 0, pageSize: 3 },
  [
    {
      calls: [
        { happenings: [{ what: "create", index: 0, times: 6 }] },
        { happenings: [{ what: "remove", index: 0, times: 1 }] },
        { happenings: [{ what: "create", index: 0, times: 1 }], fault: "short" },
        { happenings: [], fault: "repeated" },
      ],
      budget: 5,
      pause: 0,
    },
  ],
];

/** The list lacks its last two tickets, and its count agrees, so a change of the last ticket is missed. */
const CUT: typeof WRONG_SIZE = [
  { size: 1, everyMs: 0, pageSize: 3 },
  [
    ...[1, 2].map((): RunPlan => ({ calls: [], budget: 2, pause: 0 })),
    {
      calls: [
        {
          happenings: [
            { what: "change", index: 0, times: 1 },
            { what: "create", index: 0, times: 2 },
          ],
          fault: "throttled",
        },
      ],
      budget: 2,
      pause: 0,
    },
    {
      calls: [
        { happenings: [{ what: "change", index: 0, times: 1 }], fault: "cut" },
        { happenings: [{ what: "create", index: 0, times: 1 }] },
      ],
      budget: 2,
      pause: 0,
    },
  ],
];

/** A ticket is deleted, restored and deleted again during two sweeps, and both show the same difference. */
const SAME_DIFFERENCE: typeof WRONG_SIZE = [
  { size: 15, everyMs: 0, pageSize: 3 },
  [
    { calls: [], budget: 5, pause: 0 },
    { calls: [{ happenings: [{ what: "remove", index: 0, times: 1 }] }], budget: 5, pause: 0 },
    {
      calls: [
        { happenings: [{ what: "restore", index: 0, times: 1 }] },
        {
          happenings: [
            { what: "create", index: 0, times: 1 },
            { what: "remove", index: 0, times: 2 },
          ],
        },
      ],
      budget: 2,
      pause: 0,
    },
  ],
];

/** During a sweep, page 2 wrongly shows the only ticket that is left, which page 1 shows too. */
const SAME_PAGES: typeof WRONG_SIZE = [
  { size: 2, everyMs: 0, pageSize: 2 },
  [
    {
      calls: [{ happenings: [{ what: "create", index: 0, times: 1 }] }, { happenings: [], fault: "empty" }],
      budget: 2,
      pause: 0,
    },
    { calls: [], budget: 2, pause: 0 },
    {
      calls: [
        { happenings: [{ what: "remove", index: 0, times: 2 }] },
        { happenings: [], fault: "repeated" },
      ],
      budget: 2,
      pause: 0,
    },
  ],
];

describe.each(Object.entries(listings))("the ticket list of %s", (api, listing) => {
  test(
    `no listed ticket of ${api} is marked as deleted while tickets of one second move`,
    () => fc.assert(neverMarksFalsely(listing), { numRuns: RUNS }),
    TIME_LIMIT,
  );

  test(
    `after any history of ${api}'s tickets, two runs at rest suffice in memory`,
    () =>
      fc.assert(becomesRight(inMemory, listing), {
        numRuns: RUNS,
        examples: [WRONG_SIZE, CUT, SAME_DIFFERENCE, SAME_PAGES],
      }),
    TIME_LIMIT,
  );

  test(
    `after any history of ${api}'s tickets, two runs at rest suffice in a table`,
    () => fc.assert(becomesRight(inTable, listing), { numRuns: LONG ? 300 : 6 }),
    TIME_LIMIT,
  );
});
