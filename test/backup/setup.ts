import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { restore } from "../../scripts/backup/restore.ts";
import type { Tables } from "../../scripts/backup/tables.ts";
import { toPerson } from "../../shared/people/person.ts";
import type { Ticket } from "../../shared/schemas/ticket.ts";
import { ticketsPlace } from "../../shared/tickets/store/people.ts";
import { openTicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { openWriter } from "../../shared/tickets/store/writer.ts";
import { ended, newClock, newLog, newTable, started, ticketCreated } from "../event-log/deliveries.ts";
import type { Fault } from "../storage/faults.ts";
import { stateAfter } from "../tickets/store/open-store.ts";

export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "backup-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Three new tables. A fault stands between them and storage. */
export const newTables = (fault?: Fault): Tables => ({
  events: newTable(undefined, fault),
  tickets: newTable(undefined, fault),
  subscriptions: newTable(undefined, fault),
});

export const { wait } = newClock();
export const restoreInto = (tables: Tables, directory: string, replace = false) =>
  restore(tables, directory, { replace, wait });

/** Content that needs rows of its own. */
export const large = () => ({ noise: randomBytes(100_000).toString("hex") });

/** Appends events of three kinds, two of them with body rows, and a quarantined delivery. */
export async function fill(tables: Tables) {
  const log = newLog({ table: tables.events });
  for (const event of [
    started({ id: "A" }),
    started({ id: "B", more: large() }),
    ended({ id: "A" }),
    ticketCreated({ id: "T" }),
    started({ id: "C", more: large() }),
  ]) {
    await log.append(event);
  }
  await log.quarantine.keep({ raw: "{}", expected: "chat_ended", reason: "odd", problems: [] });
  return log;
}

export async function subscribe(tables: Tables, cursor: number, rowKey = "subscription:one") {
  const { log } = await newLog({ table: tables.events }).head();
  const row = { partitionKey: "subscriptions", rowKey, log, cursor, secret: "whsec_x" };
  await tables.subscriptions.createEntity(row);
}

export async function placeOf(tables: Tables, rowKey = "subscription:one") {
  const { log, cursor } = await tables.subscriptions.getEntity("subscriptions", rowKey);
  return { log, cursor };
}

/** The keys of the rows in the table of events. */
export async function keysOf(tables: Tables): Promise<string[]> {
  const keys: string[] = [];
  for await (const { rowKey = "" } of tables.events.listEntities()) keys.push(rowKey);
  return keys.sort();
}

/** A ticket of ann@example.com that was modified on this day. */
export const ticketOn = (day: number, id = "T"): Ticket => ({
  id,
  subject: "SECRET",
  modified: `2026-01-${day}T10:00:00.000Z`,
  requester: { mail: "ann@example.com" },
});

/** Stores tickets as a reconciliation does. */
export async function storeTickets({ tickets: table }: Tables, ...tickets: Ticket[]): Promise<void> {
  const writer = await openWriter(table);
  await writer.commit({
    state: stateAfter((writer.state?.runs ?? 0) + 1),
    put: await writer.compare(tickets),
  });
}

export async function storedTickets({ tickets: table }: Tables): Promise<string[]> {
  return (await openTicketStore({ table }).list({})).items.map(({ id }) => id);
}

/** Erases the stored tickets of ann@example.com. Returns how many there were. */
export async function eraseTickets({ tickets: table }: Tables): Promise<number> {
  const place = ticketsPlace({ table, deletedTicketDays: 30, now: Date.now });
  let erased = 0;
  for await (const { removed } of place.erase(toPerson("ann@example.com"), "")) erased += removed;
  return erased;
}
