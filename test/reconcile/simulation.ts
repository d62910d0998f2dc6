import fc from "fast-check";
import { StorageUnavailable, TooManyRequests, UpstreamFailed } from "../../shared/core/errors.ts";
import type { Source } from "../../shared/listing/source.ts";
import { factsOfTicket } from "../../shared/listing/ticket-facts.ts";
import { NO_NAMES } from "../../shared/livechat/helpdesk/from-helpdesk.ts";
import { pageReader } from "../../shared/livechat/helpdesk/read-page.ts";
import { ticketSource as helpDeskSource } from "../../shared/livechat/helpdesk/ticket-source.ts";
import type { Send } from "../../shared/livechat/send.ts";
import { ticketSource } from "../../shared/livechat/v2/ticket-source.ts";
import { reconcile } from "../../shared/reconcile/reconcile.ts";
import { isCreatedSince } from "../../shared/reconcile/watch.ts";
import type { RunReport } from "../../shared/schemas/reconcile.ts";
import type { Ticket, TicketPage } from "../../shared/schemas/ticket.ts";
import { LeaseLost } from "../../shared/storage/lease.ts";
import { isNews } from "../../shared/tickets/arrivals/is-news.ts";
import { openKnownTickets } from "../../shared/tickets/known-tickets.ts";
import type { TicketStore } from "../../shared/tickets/store/ticket-store.ts";
import { Account } from "./account.ts";

const DAY = 24 * 60 * 60_000;

/** An action on the ticket at this position of the list, repeated a number of times. */
type Happening = {
  what: "create" | "change" | "remove" | "restore" | "shuffle" | "tick" | "deliver" | "forge";
  index: number;
  times: number;
};

/** A fault of an answer. `stall`: the call outlasts the lease, and a second run starts meanwhile. */
type Fault = "throttled" | "shut" | "failed" | "short" | "cut" | "repeated" | "empty" | "stall";

export type RunPlan = {
  /** The actions before each call, and the fault of its answer. */
  calls: { happenings: Happening[]; fault?: Fault }[];
  /** The process dies at this write or append, before or after it is done. */
  dies?: { at: number; done: boolean };
  /** How many calls fit into the run's time limit. */
  budget: number;
  /** Minutes until the next run. */
  pause: number;
};

const happening: fc.Arbitrary<Happening> = fc.record({
  what: fc.constantFrom(
    "create",
    "create",
    "change",
    "change",
    "remove",
    "restore",
    "shuffle",
    "tick",
    "deliver",
    "forge",
  ),
  index: fc.nat(100),
  times: fc.constantFrom(1, 1, 1, 2, 5),
});
const fault = fc.constantFrom<Fault[]>(
  "throttled",
  "shut",
  "failed",
  "short",
  "cut",
  "repeated",
  "empty",
  "stall",
);
export const runPlan: fc.Arbitrary<RunPlan> = fc.record(
  {
    calls: fc.array(
      fc.record(
        {
          happenings: fc.array(happening, { maxLength: 4 }),
          fault: fc.option(fault, { freq: 3, nil: undefined }),
        },
        { requiredKeys: ["happenings"] },
      ),
      { maxLength: 12 },
    ),
    dies: fc.option(fc.record({ at: fc.nat(12), done: fc.boolean() }), { freq: 2, nil: undefined }),
    budget: fc.constantFrom(2, 5, 400),
    pause: fc.constantFrom(0, 1, 5, 60, 1440),
  },
  { requiredKeys: ["calls", "budget", "pause"] },
);

/** Runs without faults, while tickets of the same second change places all the time. */
export const restlessRunPlan: fc.Arbitrary<RunPlan> = fc.record({
  calls: fc.array(
    fc.record({
      happenings: fc.array(
        fc.record({
          what: fc.constantFrom("create", "change", "remove", "shuffle", "shuffle", "shuffle", "tick"),
          index: fc.nat(100),
          times: fc.constant(1),
        }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 25 },
  ),
  budget: fc.constantFrom(4, 400, 400),
  pause: fc.constantFrom(0, 1, 1440),
});

/** Counts the writes of a process until it dies. Later writes have no effect. */
export class Mortal {
  dead = false;
  /** Whether the process dies at all. */
  readonly mortal: boolean;
  #left: number;
  readonly #done: boolean;

  constructor({ at, done }: { at: number; done: boolean } = { at: Number.POSITIVE_INFINITY, done: false }) {
    this.#left = at;
    this.mortal = at < Number.POSITIVE_INFINITY;
    this.#done = done;
  }

  /** Whether the next write has an effect, and whether the process survives it. */
  next(): { happens: boolean; lives: boolean } {
    if (this.dead) return { happens: false, lives: false };
    if (this.#left-- > 0) return { happens: true, lives: true };
    this.dead = true;
    return { happens: this.#done, lives: false };
  }

  touch<T>(write: () => T): T {
    const { happens, lives } = this.next();
    const result = happens ? write() : undefined;
    if (lives) return result as T;
    throw new StorageUnavailable("The process is dead.");
  }
}

/** Makes the source of a run from an account. Each answer of the account passes through `intercept`. */
type SourceOf = (
  account: Account,
  pageSize: number,
  intercept: (answer: () => TicketPage) => Promise<TicketPage>,
) => Source<Ticket, unknown>;

/** An API's list of tickets. The reconciliation makes the same promises for each list. */
export type Listing = {
  sourceOf: SourceOf;
  /** Milliseconds until runs at rest sweep for deleted tickets. */
  goneShowsAfter: number;
  /** Whether a webhook has the whole ticket. Otherwise it has an id, perhaps of an old ticket. */
  bringsTicket: boolean;
};

const v2: Listing = {
  sourceOf: (account, pageSize, intercept) =>
    ticketSource((page) => intercept(() => account.list(page, pageSize)), { pageSize }),
  // The count shows a deletion at once. When most tickets are gone, the second sweep is a minute later.
  goneShowsAfter: 60_000,
  bringsTicket: true,
};

const helpDesk: Listing = {
  sourceOf(account, pageSize, intercept) {
    const send = async ({ query = {} }: { query?: Record<string, unknown> }) => {
      const { tickets } = await intercept(() => helpDeskPage(account.tickets, query, pageSize));
      return tickets.map(({ id, date, modified, tags, ...more }) => ({
        ...{ ...more, ID: id, createdAt: date, updatedAt: modified, tagIDs: tags },
      }));
    };
    const readPage = pageReader(send as unknown as Send, { namesFor: async () => NO_NAMES });
    return helpDeskSource(readPage, { pageSize });
  },
  // HelpDesk does not count its tickets, so only the daily sweep finds deleted ones.
  goneShowsAfter: DAY,
  bringsTicket: false,
};

/** The lists by the name of their API. */
export const listings = { "LiveChat v2": v2, HelpDesk: helpDesk };

/** The page of HelpDesk's list for a query. */
function helpDeskPage(all: readonly Ticket[], query: Record<string, unknown>, pageSize: number): TicketPage {
  const { sortBy, order, updatedDateFrom = "", "next.value": value, "next.ID": ID } = query;
  const sign = order === "asc" ? 1 : -1;
  const placeOf = ({ id, date, modified }: Ticket) => [sortBy === "createdAt" ? date : modified, id].join();
  const compare = (a: string, b: string) => (a === b ? 0 : a < b ? -sign : sign);
  const rest = all
    .filter(({ modified = "" }) => modified >= String(updatedDateFrom))
    .filter((ticket) => value === undefined || compare(placeOf(ticket), [value, ID].join()) > 0)
    .sort((a, b) => compare(placeOf(a), placeOf(b)));
  return { tickets: structuredClone(rest.slice(0, pageSize)), total: rest.length, pages: 0 };
}

/** An account at the start of a simulation. `isHonest`: when the list lacks tickets, its count still includes them. */
export type Start = { size: number; everyMs: number; pageSize: number; isHonest?: boolean };

/** Opens the store for a process. */
export type Backend = (process: Mortal) => TicketStore;

/** An account, an event log and a store, and the processes that reconcile them. */
export class Simulation {
  readonly account: Account;
  readonly pageSize: number;
  /** The origin of each ticket's event. */
  readonly log = new Map<string, "webhook" | "reconcile">();
  /** Tickets whose webhooks are still on their way. */
  readonly undelivered: Ticket[] = [];
  readonly #open: Backend;
  readonly #listing: Listing;
  #initial: Set<string>;
  readonly #isHonest: boolean;
  /** Whether the list has lied consistently. Then only the daily sweep finds some changes. */
  #hasLied = false;
  #wasFalselyEmpty = false;

  constructor(open: Backend, { size, everyMs, pageSize, isHonest = false }: Start, listing: Listing) {
    this.#open = open;
    this.#listing = listing;
    this.#isHonest = isHonest;
    this.account = new Account(size, everyMs);
    this.account.now += 15 * 60_000;
    this.pageSize = pageSize;
    this.#initial = new Set(this.account.tickets.map(({ id }) => id));
  }

  async happen({ what, index, times }: Happening): Promise<void> {
    for (let i = 0; i < times; i++) {
      if (what === "create") await this.#announce(this.account.create(), index);
      else if (what === "tick") this.account.now += 1000;
      else if (what === "deliver") await this.#deliver(this.undelivered.shift());
      else if (what === "forge") await this.#forge(index);
      else this.account[what](index);
    }
  }

  /** Makes a run by a plan. @returns its report, or its error */
  async run({ calls, dies, budget, pause }: RunPlan): Promise<RunReport | Error> {
    const process = new Mortal(dies);
    let call = 0;
    let before: TicketPage | undefined;
    const result = await this.#reconcile(process, budget, async (answer) => {
      const { happenings, fault: planned } = calls[call++] ?? { happenings: [] };
      const fault = planned === "cut" && this.#isHonest ? undefined : planned;
      for (const each of happenings) await this.happen(each);
      if (fault === "stall") await this.#overtake();
      if (fault === "throttled") throw new TooManyRequests("Full.", { retryAfter: 7 });
      if (fault === "shut") throw new TooManyRequests("Full.", {});
      if (fault === "failed") throw new UpstreamFailed("The connection was cut.");
      const right = answer();
      const given = falsified(right, fault, before);
      // An empty answer is believed when the next answer is empty too, perhaps in the next run.
      const isFalselyEmpty = given.total === 0 && right.total > 0;
      if (fault === "cut" || (isFalselyEmpty && this.#wasFalselyEmpty)) this.#hasLied = true;
      this.#wasFalselyEmpty = isFalselyEmpty;
      before = given;
      return given;
    });
    this.account.now += pause * 60_000;
    return result;
  }

  /** Waits until the lease of a run that died has ended. */
  async outlastLease(): Promise<void> {
    const take = () =>
      this.#open(new Mortal()).lock({ holder: "a look", ttlMs: 1, now: () => this.account.now });
    await take().then(
      ({ release }) => release(),
      () => undefined,
    );
    this.account.now += 60_000;
  }

  /** Makes a run without faults while the account is at rest. */
  async runAtRest(): Promise<RunReport> {
    const result = await this.#reconcile(new Mortal(), 400, async (answer) => answer());
    this.account.now += 5 * 60_000;
    if (result instanceof Error) throw result;
    return result;
  }

  /** Makes two runs at rest, and a third run when most tickets are missed: that takes sweeps of two runs. */
  async comeToRest(): Promise<void> {
    this.account.now += this.#hasLied ? DAY : this.#listing.goneShowsAfter;
    await this.runAtRest();
    await this.runAtRest();
    const { lastSweep } = (await this.#open(new Mortal()).state()) ?? {};
    const live = (await this.#open(new Mortal()).write()).live;
    if (lastSweep && lastSweep.missed > live / 2) await this.runAtRest();
    // Two sweeps showed the same difference to the account's count, so only the daily sweep looks again.
    if (lastSweep?.difference && lastSweep.difference === lastSweep.differenceBefore) {
      this.account.now += DAY;
      await this.runAtRest();
    }
  }

  /** The differences between the account, the store and the log after {@link comeToRest}. */
  async mistakes(): Promise<string[]> {
    const store = this.#open(new Mortal());
    const { watch } = (await store.state()) ?? {};
    const stored = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ cursor, limit: 1000 });
      stored.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor);
    const mistakes: string[] = [];
    const live = new Map(stored.filter((each) => !each.deletedAt).map((ticket) => [ticket.id, ticket]));
    const there = new Map(this.account.tickets.map((ticket) => [ticket.id, ticket]));
    for (const id of live.keys()) if (!there.has(id)) mistakes.push(`${id} is not marked as deleted`);
    for (const [id, ticket] of there) {
      const kept = live.get(id);
      if (!kept) mistakes.push(`${id} is ${stored.some((each) => each.id === id) ? "deleted" : "missing"}`);
      else if (
        Object.entries(ticket).some(([name, value]) => JSON.stringify(kept[name]) !== JSON.stringify(value))
      )
        mistakes.push(`${id} is stale`);
    }
    if (new Set(stored.map(({ id }) => id)).size !== stored.length) mistakes.push("A ticket is stored twice");
    if ((await store.write()).live !== live.size) mistakes.push("The number of live tickets is wrong");
    const modified = stored.map((ticket) => ticket.modified ?? "");
    if (modified.some((time, i) => i > 0 && time > (modified[i - 1] ?? "")))
      mistakes.push("The order is wrong");
    for (const ticket of stored) {
      const isDue = watch !== undefined && isCreatedSince(watch, factsOfTicket(ticket));
      if (isDue && !this.log.has(ticket.id)) mistakes.push(`${ticket.id} has no event`);
      const isOld = this.#initial.has(ticket.id) && Date.parse(ticket.date ?? "") <= (watch?.since ?? 0);
      if (isOld && this.log.has(ticket.id))
        mistakes.push(`${ticket.id} is older than the watch and has an event`);
    }
    return mistakes;
  }

  /** Ids of tickets that are marked as deleted although the account has them. */
  async falselyDeleted(): Promise<string[]> {
    const there = new Set(this.account.tickets.map(({ id }) => id));
    const { items } = await this.#open(new Mortal()).list({ deleted: true, limit: 1000 });
    return items.map(({ id }) => id).filter((id) => there.has(id));
  }

  /** Makes a second run during the first one, after the lease of the first has ended. */
  async #overtake(): Promise<void> {
    await this.outlastLease();
    await this.#reconcile(new Mortal(), 400, async (answer) => answer());
  }

  async #reconcile(
    process: Mortal,
    budget: number,
    /** Passes on, changes or refuses an answer. */
    intercept: (answer: () => TicketPage) => Promise<TicketPage>,
  ): Promise<RunReport | Error> {
    const { account, pageSize } = this;
    return reconcile({
      holder: "a process",
      sink: this.#open(process),
      now: () => account.now,
      wait: async (ms) => {
        account.now += ms;
      },
      budgetMs: budget * 600,
      source: this.#listing.sourceOf(account, pageSize, async (answer) => {
        account.now += 600;
        if (process.dead) throw new Error("The process is dead.");
        return intercept(answer);
      }),
      appendCreated: async (tickets) =>
        process.touch(() => tickets.map((ticket) => this.#append(ticket, "reconcile"))),
    }).catch((error: Error) => {
      const isExpected = error instanceof LeaseLost || error instanceof UpstreamFailed || process.dead;
      if (!isExpected) throw error;
      return error;
    });
  }

  /** A third of the webhooks arrive at once, a third late, and a third never. */
  async #announce(ticket: Ticket, index: number): Promise<void> {
    if (index % 3 === 0) await this.#deliver(ticket);
    if (index % 3 === 1) this.undelivered.push(ticket);
  }

  async #deliver(ticket: Ticket | undefined): Promise<void> {
    if (ticket && (this.#listing.bringsTicket || (await this.#isNews(ticket))))
      this.#append(ticket, "webhook");
  }

  /** Delivers a forged webhook with the id of any ticket. */
  async #forge(index: number): Promise<void> {
    const { tickets } = this.account;
    if (!this.#listing.bringsTicket) await this.#deliver(tickets[index % Math.max(1, tickets.length)]);
  }

  async #isNews(ticket: Ticket): Promise<boolean> {
    const known = openKnownTickets(this.#open(new Mortal()));
    const [watch, isStored] = [await known.watch(), await known.isStored(ticket.id)];
    const isEarly = watch === undefined;
    return isNews(factsOfTicket(ticket), { receivedAt: this.account.now, isEarly, watch, isStored });
  }

  #append({ id }: Ticket, origin: "webhook" | "reconcile"): "stored" | "duplicate" {
    if (this.log.has(id)) return "duplicate";
    this.log.set(id, origin);
    return "stored";
  }
}

function falsified(right: TicketPage, fault: Fault | undefined, before: TicketPage | undefined): TicketPage {
  const { tickets, total, pages } = right;
  if (fault === "short") return { ...right, tickets: tickets.slice(0, -1) };
  if (fault === "empty") return { total: 0, pages: 0, tickets: [] };
  if (fault === "repeated" && before) return before;
  // The list lacks its last two tickets, and its count agrees.
  if (fault === "cut") return { total: Math.max(0, total - 2), pages, tickets: tickets.slice(0, -2) };
  return right;
}
