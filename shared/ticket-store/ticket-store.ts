import type { TableClient } from "@azure/data-tables";
import type { Ticket } from "../schemas/ticket.ts";

/** A ticket as LiveChat last showed it, and what became of it here. */
export type StoredTicket = Ticket & {
  /** ISO time at which a complete sweep no longer found it upstream. Absent while it is there. */
  deletedAt?: string;
  /** True when it is larger than a row of Table Storage, and is kept without its `events`. */
  truncated?: true;
};

export type TicketQuery = {
  status?: string;
  /** Id (login) of the agent; upper and lower case are the same. */
  assignee?: string;
  /** Email address of the requester; upper and lower case are the same. */
  requester?: string;
  /** ISO time: only tickets modified then or later. */
  modifiedSince?: string;
  /** Only tickets that are gone upstream (true), only those that are there (false), or all. */
  deleted?: boolean;
  /** At most this many, 1 to 1,000; 100 when not given. */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string;
};

export type TicketQueryPage = {
  items: StoredTicket[];
  /** The `cursor` of the next page; absent at the end. */
  next?: string;
};

export type TicketStore = {
  /** The ticket with this id, also when it is gone upstream. */
  get(id: string): Promise<StoredTicket | undefined>;
  /**
   * Tickets, last modified first; a page is a range read. Who follows `next` to the end sees every ticket, also one that
   * changes meanwhile: it comes once more at the end.
   *
   * @throws InvalidInput when the cursor is none of ours.
   */
  list(query?: TicketQuery): Promise<TicketQueryPage>;
};

export type TicketStoreOptions = {
  /** From `openTable`. */
  table: TableClient;
};

export function openTicketStore(_: TicketStoreOptions): TicketStore {
  throw new Error("being written");
}
