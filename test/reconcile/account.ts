import type { Ticket, TicketPage } from "../../shared/schemas/ticket.ts";

/**
 * A LiveChat account with its list of tickets. Times are whole seconds, every change moves a ticket to the top, and
 * tickets of one second are in any order.
 */
export class Account {
  /** Milliseconds since the epoch: the only clock of a test. */
  now = Date.parse("2026-03-01T12:00:00.000Z");
  tickets: Ticket[] = [];
  removed: Ticket[] = [];
  #count = 0;

  constructor(size = 0, everyMs = 60_000) {
    this.now -= size * everyMs;
    for (let i = 0; i < size; i++) {
      this.create();
      this.now += everyMs;
    }
  }

  create(): Ticket {
    const id = `T${++this.#count}`;
    const date = this.#time();
    return this.#top({ id, subject: `Ticket ${id}`, status: "open", date, modified: date, tags: [] });
  }

  change(index: number): Ticket | undefined {
    const ticket = this.#take(index);
    return (
      ticket &&
      this.#top({
        ...ticket,
        modified: this.#time(),
        tags: [...(ticket.tags ?? []), `at ${this.now}`].slice(-3),
      })
    );
  }

  remove(index: number): void {
    const ticket = this.#take(index);
    if (ticket) this.removed.push(ticket);
  }

  /** Brings a removed ticket back, as a change. */
  restore(index: number): void {
    const [ticket] = this.removed.splice(index % Math.max(1, this.removed.length), 1);
    if (ticket) this.#top({ ...ticket, modified: this.#time(), status: "pending" });
  }

  /** Puts the tickets of each second into another order. */
  shuffle(seed: number): void {
    const order = new Map(this.tickets.map(({ id }, i) => [id, ((i + 1) * (seed + 1) * 7919) % 104_729]));
    this.tickets.sort(
      (a, b) =>
        (b.modified ?? "").localeCompare(a.modified ?? "") || (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0),
    );
  }

  list(page: number, pageSize = 25): TicketPage {
    const total = this.tickets.length;
    const tickets = this.tickets.slice((page - 1) * pageSize, page * pageSize);
    return { total, pages: Math.ceil(total / pageSize), tickets: structuredClone(tickets) };
  }

  #time(): string {
    return new Date(Math.floor(this.now / 1000) * 1000).toISOString();
  }

  #take(index: number): Ticket | undefined {
    return this.tickets.splice(index % Math.max(1, this.tickets.length), 1)[0];
  }

  #top(ticket: Ticket): Ticket {
    this.tickets.unshift(ticket);
    return ticket;
  }
}
