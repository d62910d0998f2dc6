import { AppError, TooManyRequests, UpstreamFailed } from "../core/errors.ts";
import type { Ticket, TicketPage } from "../schemas/ticket.ts";
import type { Lease } from "../storage/lease.ts";
import { modifiedAt } from "../tickets/store/ticket-row.ts";
import type { TicketStore } from "../tickets/store/ticket-store.ts";
import type { Compared, LiveTicket, TicketWriter } from "../tickets/store/writer.ts";
import { type Outcome, type Report, type Run, toIso } from "./report.ts";
import type { Checkpoint, State } from "./state.ts";
import { SEEN, type SeenNote, see } from "./sweep.ts";
import { type Answer, faultIn, type Row } from "./walk.ts";
import { beginWatch, isCreatedSince } from "./watch.ts";

/** What a run works with: LiveChat, the event log and the store, as far as it needs them. */
export type Ports = {
  /** One page of the account's tickets, last modified first; the first page is 1. */
  listTickets(page: number): Promise<TicketPage>;
  /**
   * Puts a `ticket_created` event for each of these tickets, oldest first, into the event log where it is missing, and
   * answers for each whether it was. May be called again with the same tickets.
   */
  appendCreated(tickets: Ticket[]): Promise<("stored" | "duplicate")[]>;
  store: TicketStore;
};

export type Limits = {
  pageSize: number;
  budgetMs: number;
  now: () => number;
  wait: (ms: number) => Promise<unknown>;
  throttledMs: () => number;
};

/** The run is over before its work is: the next one goes on. */
export class RunEnded extends Error {
  readonly outcome: "stopped" | "throttled";

  constructor(outcome: "stopped" | "throttled") {
    super(`The run is ${outcome}`);
    this.outcome = outcome;
  }
}

/** An answer that contradicts itself or what is known, again and again. */
export class UnusablePage extends UpstreamFailed {}

/** So often a page is read that is no use before the run fails. */
const READS = 3;
/** So often in a row a run waits for the rate limit before it leaves the rest to the next run. */
const WAITS = 3;
/** Milliseconds between two renewals of the lease; a third of how long it holds. */
export const RENEWAL = 10_000;
/** How many runs' records are kept. */
export const RUNS_KEPT = 100;
export const RUN = "run:";
/** Marking a ticket takes two operations of a transaction's hundred. */
const REMOVALS_PER_COMMIT = 45;

/**
 * One run's hold on the store. What it does to the state and to tickets is committed before the next call upstream, or
 * with the run's record at its end: so a run that dies leaves off at the page it was reading, and an idle run writes
 * once.
 */
export class Session {
  /** As it will be with the next commit. */
  readonly state: State;
  readonly report: Report;
  readonly number: number;
  readonly #ports: Ports;
  readonly #limits: Limits;
  readonly #lease: Lease;
  readonly #writer: TicketWriter<State>;
  readonly #startedAt: number;
  readonly #throttledBefore: number;
  #waitedMs = 0;
  #renewedAt: number;
  #begun = false;
  #put: Compared[] = [];
  #notes: Record<string, SeenNote> = {};
  #died: Record<string, Run> = {};

  static async open(ports: Ports, limits: Limits, lease: Lease): Promise<Session> {
    return new Session(ports, limits, lease, await ports.store.write<State>());
  }

  private constructor(ports: Ports, limits: Limits, lease: Lease, writer: TicketWriter<State>) {
    this.#ports = ports;
    this.#limits = limits;
    this.#lease = lease;
    this.#writer = writer;
    this.#startedAt = limits.now();
    this.#renewedAt = this.#startedAt;
    this.#throttledBefore = limits.throttledMs();
    const { run: died, ...state } = structuredClone(writer.state ?? NOTHING_DONE);
    this.state = state;
    if (died) this.#died = inRing({ ...died, outcome: "died" });
    this.number = died ? died.number + 1 : state.runs + 1;
    this.report = {
      mode: "incremental",
      outcome: "completed",
      startedAt: toIso(this.#startedAt),
      durationMs: 0,
      throttledMs: 0,
      calls: 0,
      pages: 0,
      added: 0,
      changed: 0,
      unchanged: 0,
      recovered: 0,
      deleted: 0,
      restored: 0,
      checkpoint: { before: timeOf(state.checkpoint), after: timeOf(state.checkpoint) },
    };
  }

  /** How many tickets are stored and not deleted, those included that are yet to be committed. */
  get live(): number {
    return this.#writer.live + this.#put.filter(({ is }) => is !== "changed").length;
  }

  /**
   * Reads a page that has no fault, after what the pages before brought is committed.
   *
   * @throws RunEnded at the end of the budget, or when the rate limit leaves no room within it
   * @throws UnusablePage
   */
  async read(page: number): Promise<{ answer: Answer; tickets: Ticket[] }> {
    if (this.#begun) await this.commit();
    this.#begun = true;
    for (let attempt = 1; ; attempt++) {
      const { tickets: listed, total } = await this.#call(page);
      // What is shown for a page behind the end is anybody's guess.
      const tickets = total <= (page - 1) * this.#limits.pageSize ? [] : listed;
      const answer = { page, total, rows: toRows(tickets) };
      const fault =
        total === 0 && this.live > 0
          ? `it is empty, and ${this.live} tickets are stored`
          : faultIn(answer, this.#limits.pageSize);
      if (!fault) return { answer, tickets };
      if (attempt === READS) throw new UnusablePage(`LiveChat's list of tickets cannot be right: ${fault}.`);
    }
  }

  /** Puts down what differs from what is stored, for the next commit; and sees to it that new tickets have events. */
  async take(tickets: readonly Ticket[]): Promise<void> {
    const { state, report } = this;
    state.watch ??= beginWatch(tickets, this.#limits.pageSize, this.#startedAt);
    const compared = await this.#writer.compare(tickets);
    // Before the tickets are stored: who dies in between appends the events once more, as duplicates.
    report.recovered += await this.#recover(compared);
    const count = (is: Compared["is"]) => compared.filter((each) => each.is === is).length;
    report.pages++;
    report.added += count("new");
    report.changed += count("changed");
    report.restored += count("deleted");
    report.unchanged += count("same");
    this.#put = compared.filter(({ is }) => is !== "same");
    const { sweep, watch } = state;
    if (!sweep) return;
    if (this.#put.length > 0) sweep.quiet = false;
    // What the first sweep finds was there before, but for what the watch tells.
    const came = (each: Compared) =>
      sweep.first ? isCreatedSince(watch, each.ticket) : each.is !== "changed";
    sweep.came += this.#put.filter(came).length;
    const ids = tickets.map(({ id }) => id);
    Object.assign(this.#notes, see(sweep, ids));
  }

  /** Marks tickets as deleted. @throws RunEnded at the end of the budget, with some of it done */
  async remove(missing: readonly LiveTicket[]): Promise<void> {
    const at = toIso(this.#limits.now());
    for (let start = 0; start < missing.length; start += REMOVALS_PER_COMMIT) {
      this.#checkTime();
      const tickets = missing.slice(start, start + REMOVALS_PER_COMMIT);
      this.report.deleted += tickets.length;
      await this.commit({ tickets, at });
    }
  }

  async commit(remove?: { tickets: readonly LiveTicket[]; at: string }): Promise<void> {
    await this.#keepLease();
    const run = { number: this.number, ...this.#reportAs("died") };
    await this.#commit({ ...this.state, run }, {}, remove);
  }

  /** The stored tickets that are live, as of the last commit. */
  async *liveTickets(): AsyncIterable<LiveTicket> {
    for await (const ticket of this.#writer.liveTickets()) {
      await this.#keepLease();
      yield ticket;
    }
  }

  seenNotes(): AsyncIterable<SeenNote> {
    return this.#ports.store.notes<SeenNote>(SEEN);
  }

  /** Commits what is left, together with the run's record. */
  async end(outcome: "completed" | "stopped" | "throttled"): Promise<Report> {
    const report = this.#reportAs(outcome);
    const { number } = this;
    const lastSuccess = report.pages > 0 ? toIso(this.#limits.now()) : this.state.lastSuccess;
    await this.#commit({ ...this.state, lastSuccess, runs: number }, inRing({ number, ...report }));
    return report;
  }

  /** Records the run as failed. Of what it did, what is committed stays. */
  async fail(error: unknown): Promise<void> {
    const { run: _, ...committed } = this.#writer.state ?? NOTHING_DONE;
    const { number } = this;
    const record = { number, ...this.#reportAs("failed"), reason: reasonOf(error) };
    this.#put = [];
    await this.#commit({ ...committed, runs: number }, inRing(record));
  }

  async #commit(
    state: State,
    records: Record<string, Run>,
    remove?: { tickets: readonly LiveTicket[]; at: string },
  ): Promise<void> {
    const notes = { ...this.#notes, ...this.#died, ...records };
    await this.#writer.commit({ state: structuredClone(state), put: this.#put, remove, notes });
    this.#put = [];
    this.#notes = {};
    this.#died = {};
  }

  /** Waits for the rate limit where that fits into the budget. */
  async #call(page: number): Promise<TicketPage> {
    for (let attempt = 1; ; attempt++) {
      this.#checkTime();
      await this.#keepLease();
      try {
        const answer = await this.#ports.listTickets(page);
        this.report.calls++;
        return answer;
      } catch (error) {
        if (!(error instanceof TooManyRequests)) {
          this.report.calls++;
          throw error;
        }
        const ms = (error.retryAfter ?? Number.POSITIVE_INFINITY) * 1000;
        if (attempt === WAITS || this.#elapsed() + ms >= this.#limits.budgetMs) {
          throw new RunEnded("throttled");
        }
        await this.#wait(ms);
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    const { now, wait } = this.#limits;
    const from = now();
    for (let left = ms; left > 0; left = from + ms - now()) {
      await wait(Math.min(left, RENEWAL));
      await this.#keepLease();
    }
    this.#waitedMs += now() - from;
  }

  async #keepLease(): Promise<void> {
    const now = this.#limits.now();
    if (now - this.#renewedAt < RENEWAL) return;
    await this.#lease.renew();
    this.#renewedAt = now;
  }

  async #recover(compared: readonly Compared[]): Promise<number> {
    const { watch } = this.state;
    if (!watch) return 0;
    const created = compared
      .filter(({ is, ticket }) => is === "new" && isCreatedSince(watch, ticket))
      .map(({ ticket }) => ticket)
      .sort((a, b) => (a.date ?? "").localeCompare(b.date ?? ""));
    if (created.length === 0) return 0;
    const outcomes = await this.#ports.appendCreated(created);
    return outcomes.filter((outcome) => outcome === "stored").length;
  }

  #checkTime(): void {
    if (this.#elapsed() >= this.#limits.budgetMs) throw new RunEnded("stopped");
  }

  #elapsed(): number {
    return this.#limits.now() - this.#startedAt;
  }

  #reportAs(outcome: Outcome): Report {
    const { before } = this.report.checkpoint;
    return {
      ...this.report,
      outcome,
      durationMs: this.#elapsed(),
      throttledMs: this.#waitedMs + this.#limits.throttledMs() - this.#throttledBefore,
      checkpoint: { before, after: timeOf(this.state.checkpoint) },
    };
  }
}

const NOTHING_DONE: State = { runs: 0 };

/** A run's record in the place of that of a hundred runs ago, so that they do not pile up. */
function inRing(run: Run): Record<string, Run> {
  return { [RUN + String(run.number % RUNS_KEPT).padStart(2, "0")]: run };
}

/** Rows for a walk. A ticket that does not tell when it was modified stands where it is listed. */
function toRows(tickets: readonly Ticket[]): Row[] {
  let key = Math.max(0, ...tickets.slice(0, 1).map(modifiedAt));
  return tickets.map((ticket) => {
    if (ticket.modified !== undefined) key = modifiedAt(ticket);
    return { id: ticket.id, key };
  });
}

/** What went wrong, for the record: without LiveChat's words, since they can be about any person. */
function reasonOf(error: unknown): string {
  return error instanceof AppError ? error.summary : "An error in this app; see its log.";
}

function timeOf(checkpoint: Checkpoint | undefined): string | undefined {
  return checkpoint && checkpoint.key >= 0 ? toIso(checkpoint.key) : undefined;
}
