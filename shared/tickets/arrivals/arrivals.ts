import type { TableClient } from "@azure/data-tables";
import { NotFound, TooManyRequests } from "../../core/errors.ts";
import type { EventLog } from "../../event-log/event-log.ts";
import { factsOfTicket } from "../../listing/ticket-facts.ts";
import type { CallOptions } from "../../livechat/live-chat.ts";
import { type AttemptResult, openPending, type Pending } from "../../pending/pending.ts";
import type { Ticket } from "../../schemas/ticket.ts";
import type { KnownTickets } from "../known-tickets.ts";
import { ticketEvent } from "../ticket-event.ts";
import { isNews } from "./is-news.ts";
import { nextTry } from "./next-try.ts";

/** A partition of the events table. An announced ticket has a row there until its event is in the log. */
export const ARRIVALS_PARTITION = "arrivals";

export type ArrivedTicket = {
  ticketId: string;
  /** Whether the webhook arrived before the first reconciliation; absent in rows of earlier builds. */
  isEarly?: boolean;
};

/**
 * `added`: the event was added to the log. `dropped`: the id is not that of a new ticket, so its row was removed.
 * `waiting`: the ticket was not read yet.
 */
type ArrivalOutcome = "added" | "dropped" | "waiting";

type ArrivalsOptions = {
  table: TableClient;
  log: Pick<EventLog, "append">;
  getTicket: (id: string, call: CallOptions) => Promise<Ticket>;
  known: KnownTickets;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Called with an error that is a defect of the app. */
  onDefect?: (error: unknown) => void;
};

export type Arrivals = ReturnType<typeof openArrivals>;

/**
 * Tickets that HelpDesk's webhook announced. HelpDesk does not sign deliveries, so only the id is used: the app reads
 * the ticket, and appends its event if the ticket is new.
 */
export function openArrivals({ table, log, getTicket, known, now, onDefect }: ArrivalsOptions) {
  const pending = openPending<ArrivedTicket, ArrivalOutcome>({
    table,
    partitionKey: ARRIVALS_PARTITION,
    kind: "ticket",
    name: "list of announced tickets",
    outcomes: { added: 0, dropped: 0, waiting: 0 },
    waitingAs: () => "waiting",
    attempt,
    now,
    onDefect,
  });

  async function attempt(
    { ticketId, attempts, isEarly = true, ...row }: Pending<ArrivedTicket>,
    signal?: AbortSignal,
  ): Promise<AttemptResult<ArrivedTicket, ArrivalOutcome>> {
    const receivedAt = Date.parse(row.receivedAt);
    try {
      const ticket = await getTicket(ticketId, { priority: "background", signal });
      const [watch, isStored] = await Promise.all([known.watch(), known.isStored(ticketId)]);
      if (!isNews(factsOfTicket(ticket), { receivedAt, isEarly, watch, isStored }))
        return { outcome: "dropped" };
      await log.append(ticketEvent(ticket, "webhook", "text"));
      return { outcome: "added" };
    } catch (error) {
      const failed = error instanceof TooManyRequests ? "refused" : "failed";
      const missed = error instanceof NotFound ? "unknown" : failed;
      const at = nextTry(missed, { attempts, receivedAt }, now());
      return at === undefined ? { outcome: "dropped" } : { again: { at } };
    }
  }

  return {
    ...pending,
    /** Stores an id durably; `false` when it was stored before. @throws {StorageUnavailable} */
    async keep(ticketId: string): Promise<boolean> {
      return pending.keep(ticketId, { ticketId, isEarly: (await known.watch()) === undefined });
    },
  };
}
