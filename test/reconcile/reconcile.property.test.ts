import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTicketList } from "../../shared/livechat/helpdesk/list.ts";
import type { Lookups } from "../../shared/livechat/helpdesk/lookups.ts";
import type { Send } from "../../shared/livechat/send.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { cut } from "../storage/faults.ts";
import { newTableName, openStore } from "../tickets/store/open-store.ts";
import { createMemory, openMemoryStore } from "./memory-store.ts";
import { type Backend, restlessRunPlan, runPlan, Simulation, type SourceOf } from "./simulation.ts";

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
function becomesRight(open: () => Backend, sourceOf?: SourceOf) {
  return fc.asyncProperty(
    fc.record({
      size: fc.nat(20),
      everyMs: fc.constantFrom(0, 400, 60_000),
      pageSize: fc.constantFrom(2, 3, 5),
    }),
    fc.array(runPlan, { maxLength: 8 }),
    async (start, plans) => {
      const simulation = new Simulation(open(), start, sourceOf);
      for (const plan of plans) await simulation.run(plan);
      await simulation.outlastLease();
      // HelpDesk does not count its tickets: what is gone shows to the daily sweep alone.
      if (sourceOf) simulation.account.now += 24 * 60 * 60_000;
      await simulation.comeToRest();
      expect(await simulation.mistakes()).toEqual([]);

      // Nothing is left to be done, once the last change is old enough to be the last of its second.
      simulation.account.now += 15 * 60_000;
      await simulation.runAtRest();
      expect(await simulation.runAtRest()).toMatchObject({
        ...{ outcome: "completed", added: 0, changed: 0, deleted: 0, restored: 0, recovered: 0 },
        // HelpDesk's changes are read from a little before the last one on.
        ...(sourceOf ? {} : { calls: 1 }),
      });
    },
  );
}

/** Without faults, nothing is ever marked as deleted that is there; and at rest two runs make it right. */
const neverMarksFalsely = fc.asyncProperty(
  fc.record({
    size: fc.integer({ min: 4, max: 14 }),
    everyMs: fc.constantFrom(0, 300),
    pageSize: fc.constant(2),
  }),
  fc.array(restlessRunPlan, { minLength: 1, maxLength: 4 }),
  async (start, plans) => {
    const simulation = new Simulation(inMemory(), start);
    for (const plan of plans) {
      await simulation.run(plan);
      expect(await simulation.falselyDeleted()).toEqual([]);
    }
    // That most of the tickets are gone is not believed in the minute in which it shows.
    simulation.account.now += 60_000;
    await simulation.comeToRest();
    expect(await simulation.mistakes()).toEqual([]);
  },
);

test(
  "while tickets of the same second change places, none is taken for deleted",
  () => fc.assert(neverMarksFalsely, { numRuns: RUNS }),
  TIME_LIMIT,
);

describe("at rest, two runs make tickets and events right after any history", () => {
  test("with a store in memory", () => fc.assert(becomesRight(inMemory), { numRuns: RUNS }), TIME_LIMIT);
  test(
    "with a store in a table",
    () => fc.assert(becomesRight(inTable), { numRuns: LONG ? 300 : 6 }),
    TIME_LIMIT,
  );
});

/** The account's tickets as HelpDesk lists them. */
const inHelpDesk: SourceOf = (account, pageSize, intercept) => {
  const names = async () => ({ agents: new Map(), teams: new Map(), tags: new Map() });
  const send = async ({ query = {} }: { query?: Record<string, unknown> }) => {
    const { sortBy, order, updatedDateFrom = "", "next.value": value, "next.ID": ID } = query;
    const sign = order === "asc" ? 1 : -1;
    const placeOf = ({ id, date, modified }: Ticket) => [sortBy === "createdAt" ? date : modified, id].join();
    const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
    const page = await intercept(() => {
      const rest = account.tickets
        .filter(({ modified = "" }) => modified >= String(updatedDateFrom))
        .filter((ticket) => value === undefined || compare(placeOf(ticket), [value, ID].join()) > 0)
        .sort((a, b) => compare(placeOf(a), placeOf(b)));
      const tickets = structuredClone(rest.slice(0, pageSize));
      return { tickets, total: rest.length, pages: 0 };
    });
    return page.tickets.map(({ id, date, modified, tags, ...more }) => ({
      ...{ ...more, ID: id, createdAt: date, updatedAt: modified, tagIDs: tags },
    }));
  };
  const lookups = { names } as unknown as Lookups;
  return createTicketList(send as unknown as Send, lookups, { pageSize }).source();
};

test(
  "with HelpDesk, at rest, two runs of the next day make tickets and events right",
  () => fc.assert(becomesRight(inMemory, inHelpDesk), { numRuns: RUNS }),
  TIME_LIMIT,
);
