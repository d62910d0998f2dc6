import { expect, inject, test } from "vitest";
import type { LiveChatApi } from "../../shared/core/settings.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";
import { readHistory } from "../../shared/reconcile/history.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { newTableName } from "../tickets/store/open-store.ts";
import { Account } from "./account.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Two accounts, of v2 and of the Text platform, whose tickets are stored in one table. */
function setUp() {
  const table = openTable({ connectionString: inject("storage") }, newTableName());
  const accounts = { v2: new Account(30), text: new Account(5) };
  for (const ticket of accounts.text.tickets) ticket.id = `uuid-${ticket.id}`;
  const events: string[] = [];
  const storeOf = (api: LiveChatApi) => openTicketStore({ table, api });
  let now = accounts.v2.now;
  const run = (api: LiveChatApi) =>
    reconcile({
      holder: "a run",
      sink: storeOf(api),
      source: ticketSource(async (page) => accounts[api].list(page)),
      now: () => now,
      budgetMs: MINUTE,
      async appendCreated(tickets) {
        events.push(...tickets.map(({ id }) => id));
        return tickets.map(() => "stored");
      },
    });
  const pass = (ms: number) => {
    now += ms;
    accounts.v2.now = accounts.text.now = now;
  };
  return { accounts, events, storeOf, run, pass };
}

test("after a move to the Text platform, v2's tickets are never marked as deleted", async () => {
  const { accounts, events, storeOf, run, pass } = setUp();
  await run("v2");
  pass(DAY);
  expect(await run("text")).toMatchObject({ mode: "first", added: 5, deleted: 0, recovered: 0 });
  expect(events).toEqual([]);
  for (let day = 0; day < 2; day++) {
    pass(DAY);
    expect(await run("text")).toMatchObject({ mode: "sweep", deleted: 0 });
  }
  const { items } = await storeOf("text").list({ limit: 100, deleted: false });
  expect(items.filter(({ api }) => api === "v2")).toHaveLength(30);
  expect(items.filter(({ api }) => api === "text")).toHaveLength(5);
  expect((await storeOf("text").get("T1"))?.api).toBe("v2");

  pass(MINUTE);
  const created = accounts.text.create();
  created.id = "uuid-new";
  accounts.text.remove(3);
  expect(await run("text")).toMatchObject({ added: 1, recovered: 1 });
  expect(events).toEqual(["uuid-new"]);
  pass(DAY);
  await run("text");
  const gone = (await storeOf("text").list({ deleted: true })).items;
  expect(gone.map(({ api }) => api)).toEqual(["text"]);
});

test("an account that moves back to v2 continues from its v2 state and history", async () => {
  const { accounts, events, storeOf, run, pass } = setUp();
  await run("v2");
  pass(MINUTE);
  await run("text");
  pass(MINUTE);
  const { id } = accounts.v2.create();
  expect(await run("v2")).toMatchObject({ mode: "incremental", added: 1, recovered: 1, deleted: 0 });
  expect(events).toEqual([id]);
  const numbers = async (api: LiveChatApi) =>
    (await readHistory(storeOf(api))).runs.map(({ number }) => number);
  expect([await numbers("v2"), await numbers("text")]).toEqual([[2, 1], [1]]);
  const { items } = await storeOf("v2").list({ limit: 100 });
  expect(items.filter(({ api }) => api === undefined)).toHaveLength(31);
  expect(items.filter(({ api }) => api === "text")).toHaveLength(5);
});
