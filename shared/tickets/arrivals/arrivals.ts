import type { TableClient } from "@azure/data-tables";
import { NotFound } from "../../core/errors.ts";
import type { EventLog } from "../../event-log/types.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import type { CallOptions } from "../../livechat/live-chat.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import { hashed } from "../../storage/keys.ts";
import { createRow, type Row, readRow, readRows, removeRow, replaceRow } from "../../storage/rows.ts";
import type { KnownTickets } from "../known-tickets.ts";
import { ticketEvent } from "../ticket-event.ts";
import { isNews } from "./is-news.ts";
import { FIRST_PAUSE, nextTry } from "./next-try.ts";
import { DUES, type DueTicket, PARTITION } from "./rows.ts";

export type ArrivalsOptions = {
  table: TableClient;
  log: Pick<EventLog, "append">;
  getTicket: (id: string, call: CallOptions) => Promise<Ticket>;
  known: KnownTickets;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with errors that are defects of this app. */
  onDefect?: (error: unknown) => void;
};

/** How many have an event now, were no new tickets, and are still to be read. */
export type SettledTickets = { told: number; forgotten: number; waiting: number };

/**
 * Tickets that a webhook of HelpDesk has announced. It signs nothing, so only the id is believed: the ticket is read, and
 * its event goes into the log if the ticket is new.
 */
export type Arrivals = {
  /** Keeps an id. When this resolves, it is durable. `false` when it was kept before. @throws {StorageUnavailable} */
  keep(ticketId: string): Promise<boolean>;
  /** Forgets an id whose event is in the log. */
  forget(ticketId: string): Promise<void>;
  /** The first try, by the process that kept it. Never fails: a timer makes the next. */
  settle(ticketId: string): Promise<void>;
  /** Goes on with those that are due. */
  settleDue(options: { budgetMs: number }): Promise<SettledTickets>;
};

export function openArrivals({ table, log, getTicket, known, now, onDefect }: ArrivalsOptions): Arrivals {
  const toIso = (time: number) => new Date(time).toISOString();
  const keyOf = (ticketId: string) => DUES.from + hashed(["ticket", ticketId]);

  /** Reads the ticket of a row that is ours for now, and does what comes of it. */
  async function attempt(row: Row<DueTicket>, signal?: AbortSignal): Promise<keyof SettledTickets> {
    const { ticketId, attempts, isEarly = false } = row;
    const receivedAt = Date.parse(row.receivedAt);
    let missed: "unknown" | "failed";
    try {
      const ticket = await getTicket(ticketId, { priority: "background", signal });
      const [watch, isStored] = await Promise.all([known.watch(), known.isStored(ticketId)]);
      const isNew = isNews(factsOfTicket(ticket), { receivedAt, isEarly, watch, isStored });
      if (isNew) await log.append(ticketEvent(ticket, "webhook", "text"));
      await removeRow(table, PARTITION, row.rowKey ?? "");
      return isNew ? "told" : "forgotten";
    } catch (error) {
      missed = error instanceof NotFound ? "unknown" : "failed";
    }
    const at = nextTry(missed, { attempts, receivedAt }, now());
    if (at === undefined) {
      await removeRow(table, PARTITION, row.rowKey ?? "");
      return "forgotten";
    }
    await change(row, { dueAt: toIso(at) });
    return "waiting";
  }

  /** Changes a row that no other process has changed; its new version, or `undefined`. */
  async function change(
    row: Row<DueTicket>,
    changes: Partial<DueTicket>,
  ): Promise<Row<DueTicket> | undefined> {
    const { ticketId, receivedAt, dueAt, attempts, isEarly } = { ...row, ...changes };
    const next = { ticketId, receivedAt, dueAt, attempts, isEarly };
    const key = { partitionKey: PARTITION, rowKey: row.rowKey ?? "" };
    const etag = await replaceRow(table, { ...key, ...next }, { etag: row.etag });
    return etag === undefined ? undefined : { ...row, ...next, etag };
  }

  return {
    async keep(ticketId) {
      const row = { partitionKey: PARTITION, rowKey: keyOf(ticketId), ticketId };
      // The process that keeps it makes the first try.
      const times = { receivedAt: toIso(now()), dueAt: toIso(now() + FIRST_PAUSE), attempts: 1 };
      const isEarly = (await known.watch()) === undefined;
      return (await createRow(table, { ...row, ...times, isEarly })) !== undefined;
    },
    async forget(ticketId) {
      await removeRow(table, PARTITION, keyOf(ticketId));
    },
    async settle(ticketId) {
      try {
        const row = await readRow<DueTicket>(table, PARTITION, keyOf(ticketId));
        if (row) await attempt(row);
      } catch (error) {
        onDefect?.(error);
      }
    },
    async settleDue({ budgetMs }) {
      const end = now() + budgetMs;
      const settled: SettledTickets = { told: 0, forgotten: 0, waiting: 0 };
      for await (const found of readRows<DueTicket>(table, PARTITION, DUES)) {
        if (found.dueAt > toIso(now()) || now() >= end) {
          settled.waiting++;
          continue;
        }
        const row = await change(found, { attempts: found.attempts + 1, dueAt: toIso(now() + FIRST_PAUSE) });
        if (row) settled[await attempt(row, AbortSignal.timeout(Math.max(1, end - now())))]++;
      }
      return settled;
    },
  };
}
