import { AppError } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import { type Checkpoint, CLOCK_DIFFERENCE, type ItemPage, UnusablePage } from "../listing/source.ts";
import type { RunOutcome, RunRecord, RunReport } from "../schemas/reconcile.ts";
import type { Pace } from "./pace.ts";
import type { Compared, LiveItem, Writer } from "./sink.ts";
import { type ReconcileState, STATE_FORMAT } from "./state.ts";

/** How many run records are kept. */
const RUNS_KEPT = 100;
/** How many ids of items that do not fit their schema are kept. */
const ODD_KEPT = 100;
export const RUN = "run:";

/**
 * The report of a run, and its changes that are not committed yet. A run without changes makes one commit: its
 * record, at the end. When a run's process dies, the next run records it.
 */
export class Journal<Item, Position> {
  /** The state that the next commit stores. */
  state: ReconcileState<Position>;
  readonly report: RunReport;
  /** Number of this run. */
  readonly number: number;
  readonly #writer: Writer<Item>;
  readonly #pace: Pace;
  /** Ids of the items of this run that do not fit their schema. */
  readonly #odd = new Set<string>();
  /** Items without an id that the current reading has found. */
  #withoutId = 0;
  #put: readonly Compared<Item>[] = [];
  #notes: Record<string, unknown> = {};

  constructor(writer: Writer<Item>, pace: Pace) {
    this.#writer = writer;
    this.#pace = pace;
    const { run: died, ...state } = currentState<Position>(writer.state, pace.now());
    this.state = state;
    if (died) this.note(inRing({ ...died, outcome: "died" }));
    this.number = died ? died.number + 1 : state.runs + 1;
    const checkpoint = timeOf(state.checkpoint);
    this.report = {
      mode: "incremental",
      outcome: "completed",
      startedAt: toIso(pace.startedAt),
      ...pace.spent(),
      ...{ pages: 0, added: 0, changed: 0, unchanged: 0, recovered: 0, deleted: 0, restored: 0 },
      ...{ odd: 0, withoutId: 0 },
      checkpoint: { before: checkpoint, after: checkpoint },
    };
  }

  /** How many items are stored and not deleted, including items that are not committed yet. */
  get live(): number {
    return this.#writer.live + this.#put.filter(({ result }) => result !== "changed").length;
  }

  /** Notes that a reading begins. Items without an id cannot be distinguished, so each reading counts them again. */
  beginReading(): void {
    this.#withoutId = 0;
  }

  /**
   * Counts the items of a page, and adds those that must be stored to the next commit. Each page has its own commit.
   *
   * @param ids the ids of all items of the page
   */
  put(compared: readonly Compared<Item>[], ids: readonly string[], page: ItemPage<Item, Position>): void {
    const { odd = [], withoutId = 0 } = page;
    const count = (wanted: string) => compared.filter(({ result }) => result === wanted).length;
    const { report, state } = this;
    report.pages++;
    report.added += count("new");
    report.changed += count("changed");
    report.restored += count("deleted");
    report.unchanged += count("same");
    for (const id of odd) this.#odd.add(id);
    report.odd = this.#odd.size;
    this.#withoutId += withoutId;
    report.withoutId = Math.max(report.withoutId, this.#withoutId);
    state.odd = [...state.odd.filter((id) => !ids.includes(id)), ...odd].slice(-ODD_KEPT);
    this.#put = compared.filter(({ result }) => result !== "same");
  }

  /** Adds notes to the next commit. */
  note(notes: Readonly<Record<string, unknown>>): void {
    Object.assign(this.#notes, notes);
  }

  async commit(remove?: { items: readonly LiveItem[]; at: string }): Promise<void> {
    const run = { number: this.number, ...this.#reportAs("died") };
    await this.#commit({ ...this.state, run }, remove);
  }

  /** Commits the remaining changes, together with the run's record. */
  async end(outcome: RunOutcome): Promise<RunReport> {
    const report = this.#reportAs(outcome);
    const { number, state } = this;
    const lastSuccess = report.pages > 0 ? toIso(this.#pace.now()) : state.lastSuccess;
    this.note(inRing({ number, ...report }));
    await this.#commit({ ...state, lastSuccess, runs: number });
    return report;
  }

  /** Records the run as failed. Changes that are already committed stay. */
  async fail(error: unknown): Promise<void> {
    const { run: _, ...committed } = currentState<Position>(this.#writer.state, this.#pace.now());
    const state = error instanceof UnusablePage ? withoutReadings(committed) : committed;
    // Only the message of an `AppError` is safe to show.
    const known = error instanceof AppError;
    const reason = known ? error.message : "An error in this app; see its log.";
    const code = known ? { code: error.kind } : {};
    this.#put = [];
    this.note(inRing({ number: this.number, ...this.#reportAs("failed"), reason, ...code }));
    await this.#commit({ ...state, runs: this.number });
  }

  async #commit(
    state: ReconcileState<Position>,
    remove?: { items: readonly LiveItem[]; at: string },
  ): Promise<void> {
    await this.#writer.commit({ state: structuredClone(state), put: this.#put, remove, notes: this.#notes });
    this.#put = [];
    this.#notes = {};
  }

  #reportAs(outcome: RunOutcome): RunReport {
    const { before } = this.report.checkpoint;
    const checkpoint = { before, after: timeOf(this.state.checkpoint) };
    return { ...this.report, ...this.#pace.spent(), outcome, checkpoint };
  }
}

/** The record of a run replaces the record of the run a hundred runs earlier. */
function inRing(run: RunRecord): Record<string, RunRecord> {
  return { [RUN + String(run.number % RUNS_KEPT).padStart(2, "0")]: run };
}

/**
 * The state in this version's format. The state of an older version, or one with a checkpoint in the future, is reset
 * so that the run begins with a sweep.
 */
function currentState<Position>(stored: ReconcileState | undefined, now: number): ReconcileState<Position> {
  if (!stored) return { format: STATE_FORMAT, odd: [], runs: 0 };
  // The positions in it come from the source of this reconciliation.
  const state = structuredClone(stored) as ReconcileState<Position>;
  const { format, runs, run, watch, checkpoint, lastSuccess } = state;
  const isFuture = checkpoint && checkpoint.key > now + CLOCK_DIFFERENCE;
  if (format === STATE_FORMAT && !isFuture) return state;
  return {
    ...{ format: STATE_FORMAT, odd: [], runs, run, watch, lastSuccess },
    ...(!isFuture && { checkpoint }),
  };
}

/** Discards unfinished readings, so the next run does not get the same unusable answer at the same position. */
function withoutReadings<Position>(state: ReconcileState<Position>): ReconcileState<Position> {
  const { changes: _, sweep: __, memory: ___, ...rest } = state;
  return rest;
}

function timeOf(checkpoint: Checkpoint | undefined): string | undefined {
  return checkpoint && checkpoint.key >= 0 ? toIso(checkpoint.key) : undefined;
}
