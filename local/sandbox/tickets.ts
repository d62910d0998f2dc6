import type { Agents } from "./agents.ts";
import { idsFrom } from "./ids.ts";
import { Refusal, read } from "./refusal.ts";
import { type Author, NewTicket, SOURCES, STATUSES, type Ticket, TicketChange } from "./ticket.ts";
import { matches, type TicketFilter } from "./ticket-filter.ts";

/** LiveChat's page size, which no request can change. */
const PAGE_SIZE = 25;

export type TicketPage = { pages: number; total: number; tickets: Ticket[] };

/**
 * The account's tickets, in the order of their last modification: reading a page takes the same time with 100,000
 * tickets as with ten.
 */
export class Tickets {
  readonly #agents: Agents;
  readonly #now: () => number;
  readonly #announce: (ticket: Ticket) => void;
  readonly #nextId: () => string;
  readonly #byId = new Map<string, Ticket>();
  /** Least recently modified first. Of equal times, the earlier change comes first. */
  readonly #byModified: Ticket[] = [];

  /** @param announce called with each new ticket */
  constructor(agents: Agents, now: () => number, announce: (ticket: Ticket) => void) {
    this.#agents = agents;
    this.#now = now;
    this.#announce = announce;
    // The ids begin at the present second, so a later sandbox does not repeat the ids of an earlier one.
    this.#nextId = idsFrom(now() / 1000, 5);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @throws Refusal 404 for an unknown ticket */
  get(id: string): Ticket {
    const ticket = this.#byId.get(id);
    if (!ticket) throw new Refusal(404, `Ticket ${id} not found`);
    return ticket;
  }

  /** Least recently modified first. */
  [Symbol.iterator](): Iterator<Ticket> {
    return this.#byModified.values();
  }

  /** Creates a ticket at any time. With `silently` it is not announced, as if its `ticket_created` was lost. */
  create(input: NewTicket, { at = this.#now(), silently = false } = {}): Ticket {
    const { message, group, assignee, ...asked } = read(NewTicket, input);
    const author: Author = { id: asked.requester.mail, name: asked.requester.name, type: "client" };
    const ticket: Ticket = {
      id: this.#nextId(),
      status: "open",
      ...asked,
      tags: [],
      groups: this.#checkGroups(group),
      events: [{ type: "message", date: at, author, is_private: false, message, source: asked.source }],
      date: at,
      modified: at,
      opened: [{ from: at }],
    };
    if (assignee) this.#assign(ticket, assignee.id, at, author);
    this.#byId.set(ticket.id, ticket);
    this.#place(ticket);
    if (!silently) this.#announce(ticket);
    return ticket;
  }

  /**
   * Changes a ticket at any time. A request without a difference does not change `modified`.
   *
   * @throws Refusal 400 for an invalid change
   */
  change(id: string, input: TicketChange, { at = this.#now() } = {}): Ticket {
    const ticket = this.get(id);
    const change = read(TicketChange, input);
    const groups = change.group && this.#checkGroups(change.group);
    const agent = ticket.assignee ?? { id: "api", name: "API" };
    const author: Author =
      change.by === "agent"
        ? { ...agent, type: "agent" }
        : { id: ticket.requester.mail, name: ticket.requester.name, type: "client" };
    const before = JSON.stringify(ticket);

    if (change.assignee) this.#assign(ticket, change.assignee.id, at, author);
    if (change.message !== undefined) {
      const { message } = change;
      ticket.events.push({
        type: "message",
        date: at,
        author,
        is_private: false,
        message,
        source: { type: "lc2" },
      });
      if (change.by === "agent") ticket.firstResponse ??= { date: at, agent };
    }
    if (change.tag && change.tag.join() !== ticket.tags.join()) {
      ticket.events.push({ type: "tags_changed", date: at, author, from: ticket.tags, to: change.tag });
      ticket.tags = change.tag;
    }
    if (change.status && change.status !== ticket.status) {
      ticket.events.push({
        type: "status_changed",
        date: at,
        author,
        from: ticket.status,
        to: change.status,
      });
      if (change.status === "open") ticket.opened.push({ from: at });
      else if (ticket.status === "open") Object.assign(ticket.opened.at(-1) ?? {}, { to: at });
      ticket.status = change.status;
    }
    ticket.requester = { ...ticket.requester, ...change.requester };
    ticket.source = change.source ?? ticket.source;
    ticket.subject = change.subject ?? ticket.subject;
    ticket.groups = groups ?? ticket.groups;

    if (JSON.stringify(ticket) !== before) {
      this.#byModified.splice(this.#byModified.indexOf(ticket), 1);
      // An activity of an earlier time does not set `modified` back.
      ticket.modified = Math.max(ticket.modified, at);
      this.#place(ticket);
    }
    return ticket;
  }

  /** Removes a ticket from all lists. Agents can do so in LiveChat's app; its API has no such call. */
  remove(id: string): string {
    const ticket = this.get(id);
    this.#byId.delete(id);
    this.#byModified.splice(this.#byModified.indexOf(ticket), 1);
    return id;
  }

  /** Adds `count` various tickets without webhooks, `every` milliseconds apart, the last one now. */
  fill(count: number, { every = 60_000 } = {}): Ticket[] {
    const agents = this.#agents.list();
    const from = this.#now() - (count - 1) * every;
    return Array.from({ length: count }, (_, index) => {
      const at = from + index * every;
      const ticket = this.create(
        {
          message: `Where is order ${1000 + index}? It was due yesterday.`,
          subject: `Order ${1000 + index}`,
          requester: {
            mail: `visitor${index % 100}@example.com`,
            name: `Visitor ${index % 100}`,
            ip: "192.0.2.1",
          },
          group: [0, index % 2 === 0 ? 1 : 3],
        },
        { at, silently: true },
      );
      ticket.source = { type: SOURCES[index % SOURCES.length] ?? "lc2" };
      ticket.status = STATUSES[index % STATUSES.length] ?? "open";
      ticket.tags = index % 3 === 0 ? ["delivery"] : [];
      const agent = agents[index % (2 * agents.length)];
      if (agent) ticket.assignee = { id: agent.login, name: agent.name };
      return ticket;
    });
  }

  /** A page of 25 of the matching tickets. A page after the last one is empty. */
  page(filter: TicketFilter, page: number): TicketPage {
    // A ticket has no activity after its last modification, so tickets that were modified before `from` cannot match.
    const candidates =
      filter.from === undefined ? this.#byModified : this.#byModified.slice(this.#firstAt(filter.from));
    const { from, order, ...rest } = filter;
    const isNarrowed = Object.values(rest).some((wanted) => wanted !== undefined);
    const found = isNarrowed ? candidates.filter((ticket) => matches(ticket, filter)) : candidates;
    const start = (page - 1) * PAGE_SIZE;
    const tickets =
      order === "asc"
        ? found.slice(start, start + PAGE_SIZE)
        : found
            .slice(Math.max(0, found.length - start - PAGE_SIZE), Math.max(0, found.length - start))
            .reverse();
    return { pages: Math.ceil(found.length / PAGE_SIZE), total: found.length, tickets };
  }

  #assign(ticket: Ticket, login: string, at: number, author: Author): void {
    if (ticket.assignee?.id === login) return;
    const agent = this.#agents.get(login);
    if (!agent) throw new Refusal(400, `assignee.id: there is no agent ${login}`);
    ticket.assignee = { id: agent.login, name: agent.name };
    ticket.events.push({ type: "assignee_changed", date: at, author, to: ticket.assignee });
  }

  #checkGroups(groups: number[]): number[] {
    const unknown = groups.filter((id) => !this.#agents.groups.has(id));
    if (unknown.length > 0) throw new Refusal(400, `group: unknown group ${unknown.join(", ")}`);
    return groups;
  }

  #place(ticket: Ticket): void {
    this.#byModified.splice(this.#firstAt(ticket.modified + 1), 0, ticket);
  }

  /** The index of the first ticket that was modified at `time` or later. */
  #firstAt(time: number): number {
    let low = 0;
    let high = this.#byModified.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const modified = this.#byModified[middle]?.modified ?? Number.POSITIVE_INFINITY;
      if (modified < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
