import { expect, test } from "vitest";
import { backUp } from "../../scripts/backup/back-up.ts";
import { keepOut } from "../../shared/tickets/store/people.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { openWriter } from "../../shared/tickets/store/writer.ts";
import { ended, newLog, newPeople, started } from "../event-log/deliveries.ts";
import {
  eraseTickets,
  newDirectory,
  newTables,
  restoreInto,
  storedTickets,
  storeTickets,
  subscribe,
  ticketOn,
} from "./setup.ts";

test("a ticket that changed and was then erased stays erased after a restore", async () => {
  const tables = newTables();
  await storeTickets(tables, ticketOn(15));
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await storeTickets(tables, ticketOn(16));
  expect(await eraseTickets(tables)).toBe(1);
  await restoreInto(tables, directory, true);

  expect(await storedTickets(tables)).toEqual([]);
  const { get } = openTicketStore({ table: tables.tickets });
  expect(await get("T")).toEqual({ id: "T", erasedAt: expect.any(String) });
  await storeTickets(tables, ticketOn(17));
  expect(await get("T")).toEqual({ id: "T", erasedAt: expect.any(String) });
  expect((await openWriter(tables.tickets)).live).toBe(1);
});

test("items that the backup lacks and that were erased do not come back after a restore", async () => {
  const tables = newTables();
  const log = newLog({ table: tables.events });
  await log.append(started({ id: "A" }));
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(started({ id: "B" }));
  await newPeople({ table: tables.events }).eraseChat("B");
  await keepOut(tables.tickets, "T", "2026-01-16T10:00:00.000Z");

  // The second restore finds the marks of the first one.
  for (const _ of ["first", "second"]) await restoreInto(tables, directory, true);
  await storeTickets(tables, ticketOn(17));
  expect(await storedTickets(tables)).toEqual([]);
  const after = newLog({ table: tables.events });
  expect(await after.append(started({ id: "B" }))).toMatchObject({ status: "duplicate" });
  expect(await after.append(ended({ id: "A" }))).toMatchObject({ status: "stored", seq: 2 });
  expect((await after.chat("B"))?.events).toBeUndefined();
});

test("an erasure after a restore that gave the log a new id is kept by the next restore", async () => {
  const tables = newTables();
  const log = newLog({ table: tables.events });
  await log.append(started({ id: "A" }));
  await log.append(started({ id: "B" }));
  await log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason: "odd", problems: [] });
  const directory = await newDirectory();
  await backUp(tables, directory, 0);
  await log.append(started({ id: "C" }));
  await subscribe(tables, 3);
  expect(await restoreInto(tables, directory, true)).toMatchObject({ hasNewId: true });
  await newPeople({ table: tables.events }).eraseChat("B");
  const [entry] = (await log.quarantine.list()).items;
  await log.quarantine.remove(entry?.id ?? "");
  await restoreInto(tables, directory, true);

  const after = newLog({ table: tables.events });
  expect((await after.list()).items[1]).toMatchObject({ seq: 2, erased: true });
  expect((await after.quarantine.count()).count).toBe(0);
});
