import { setImmediate } from "node:timers/promises";
import type { TableClient } from "@azure/data-tables";
import { inject } from "vitest";
import { type EventLogOptions, openEventLog } from "../../shared/event-log/event-log.ts";
import { eventLogPlaces } from "../../shared/event-log/people.ts";
import { LOG_PARTITION } from "../../shared/event-log/store.ts";
import type { NewEvent } from "../../shared/event-log/types.ts";
import { openPeople } from "../../shared/people/people.ts";
import { openTable } from "../../shared/storage/open-table.ts";
import { type Fault, inject as injectFault } from "../storage/faults.ts";

let tables = 0;

/** A time limit in real time that no test reaches, even on a slow machine. */
const NEVER = 600_000;

/** A table that no other test uses. The same name opens the same table again. */
export function newTable(name = `Log${process.pid}x${Date.now().toString(36)}x${tables++}`, fault?: Fault) {
  const table = openTable({ connectionString: inject("storage") }, name, { timeLimit: NEVER });
  return fault ? injectFault(table, fault) : table;
}

/** The real clock, except that waits take no time: each moves the clock forward. */
export function newClock() {
  let skipped = 0;
  return {
    now: () => Date.now() + skipped,
    wait(milliseconds: number) {
      skipped += milliseconds;
      return setImmediate();
    },
  };
}

/** A log without a time limit, whose waits take no time. */
export function newLog(options: Partial<EventLogOptions> = {}) {
  return openEventLog({ table: newTable(), timeLimit: NEVER, ...newClock(), ...options });
}

type PeopleSetup = {
  table: TableClient;
  now?: () => number;
  /** ISO 8601: retention removes events that were received before. */
  before?: string;
  /** Milliseconds for an erasure or a search. */
  budgetMs?: number;
};

/** Erasure, search and retention in the places of the log. */
export function newPeople({ table, now = Date.now, before, budgetMs }: PeopleSetup) {
  const places = eventLogPlaces({ table, partitionKey: LOG_PARTITION }, { now, removeBefore: () => before });
  return openPeople({ table, places, now, budgetMs });
}

/** Removes what was received before a time, as the timer does. Returns the number, and whether all was removed. */
export async function removeBefore(before: string | undefined, setup: PeopleSetup, budgetMs = 60_000) {
  const reports = await newPeople({ ...setup, before }).retain({ budgetMs });
  for (const { error } of reports) if (error !== undefined) throw error;
  const removed = reports.reduce((sum, report) => sum + report.removed, 0);
  return { removed, done: reports.every(({ done }) => done) };
}

export const MINUTE = 60_000;
export const EPOCH = Date.parse("2026-01-01T00:00:00.000Z");
export const at = (minutes: number) => new Date(EPOCH + minutes * MINUTE).toISOString();

type Chat = { id?: string; minute?: number; email?: string; more?: object; envelope?: object };

export function started({ id = "C1", minute = 0, email, more, envelope }: Chat = {}): NewEvent {
  return chatEvent(
    "chat_started",
    { id, started_timestamp: at(minute), ...more },
    at(minute),
    email,
    envelope,
  );
}

export function ended({ id = "C1", minute = 10, email, more, envelope }: Chat = {}): NewEvent {
  return chatEvent("chat_ended", { id, ended_timestamp: at(minute), ...more }, at(minute), email, envelope);
}

function chatEvent(
  type: "chat_started" | "chat_ended",
  chat: { id: string } & Record<string, unknown>,
  occurredAt: string,
  email?: string,
  envelope?: object,
): NewEvent {
  const visitor = email && { visitor: { email } };
  const raw = JSON.stringify({ event_type: type, license_id: "1", chat, ...visitor, ...envelope });
  return {
    type,
    origin: "webhook",
    subjectId: chat.id,
    occurredAt,
    licence: "1",
    raw,
    people: email ? [email] : [],
  };
}

export function ticketCreated({
  id = "T1",
  email,
  more,
}: {
  id?: string;
  email?: string;
  more?: object;
} = {}): NewEvent {
  const ticket = { id, ...(email && { requester: { mail: email } }), ...more };
  const raw = JSON.stringify({ event_type: "ticket_created", ticket });
  return { type: "ticket_created", origin: "reconcile", subjectId: id, raw, people: email ? [email] : [] };
}
