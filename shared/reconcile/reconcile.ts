import type { ItemPage, Source } from "../listing/source.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import { LeaseLost } from "../storage/lease.ts";
import { nextRunStep, type RunProgress } from "./decide.ts";
import { Journal } from "./journal.ts";
import { Pace, type PaceOptions, RENEWAL, RunEnded } from "./pace.ts";
import type { Compared, Sink } from "./sink.ts";
import type { ListReading, ReconcileState } from "./state.ts";
import { type RunTools, recordSeen, settleSweep } from "./sweep.ts";
import { beginWatch, isCreatedSince } from "./watch.ts";

export type ReconciliationOptions<Item, Position> = PaceOptions & {
  source: Source<Item, Position>;
  sink: Sink<Item>;
  /**
   * Appends the creation event of each item to the event log, and returns the log's answers. The oldest item is first.
   * A later run may pass the same items again.
   */
  appendCreated(items: Item[]): Promise<("stored" | "duplicate")[]>;
  /**
   * Whether the sink is the event log itself. Then every item that it lacks gets a creation event, and there are no
   * sweeps, because the log keeps events of deleted items. By default an item gets a creation event only if it was
   * created since the first run.
   */
  isLog?: boolean;
  /** The caller's name. The error of a refused second run contains it. */
  holder: string;
};

/**
 * Makes the stored items equal to the account's items, within the time limit. The next run continues where this one
 * ended.
 *
 * Every run first reads the items that changed since its checkpoint. Deleted items do not show in that reading. So a
 * sweep reads the whole list, over several runs if needed: once a day, and when the account's count differs from the
 * stored items. An item that two sweeps in a row do not find is deleted. {@link nextRunStep} decides the order of the
 * steps.
 *
 * @throws LeaseLost when another run is in progress, with its holder and its start; or when another run has taken over
 * @throws AppError from the source, `appendCreated` or the storage; the run is recorded as failed. After
 *   `TooManyRequests` the run ends as `throttled` instead.
 */
export async function reconcile<Item, Position>(
  reconciliation: ReconciliationOptions<Item, Position>,
): Promise<RunReport> {
  const { sink, holder, now } = reconciliation;
  const lease = await sink.lock({ holder, ttlMs: 3 * RENEWAL, now });
  try {
    const pace = new Pace(lease, reconciliation);
    const writer = await sink.write();
    const journal = new Journal<Item, Position>(writer, pace);
    try {
      await run(reconciliation, { sink, writer, journal, pace });
      return await journal.end("completed");
    } catch (error) {
      if (error instanceof RunEnded) return await journal.end(error.outcome);
      // The run that has taken over records this one as died. An error of `fail` must not hide the first error.
      if (!(error instanceof LeaseLost)) await journal.fail(error).catch(() => undefined);
      throw error;
    }
  } finally {
    // A lease that is not released ends by itself.
    await lease.release().catch(() => undefined);
  }
}

/** Carries out the steps that {@link nextRunStep} decides, until it decides to end. */
async function run<Item, Position>(
  { source, appendCreated, isLog = false }: ReconciliationOptions<Item, Position>,
  tools: RunTools<Item, Position>,
): Promise<void> {
  const { writer, journal, pace } = tools;
  const { report } = journal;
  const done: RunProgress = { isCurrent: false, readings: 0, sweepsBegun: 0, hasRead: false };

  for (;;) {
    const { state, live } = journal;
    const step = nextRunStep({ ...done, state, live, now: pace.now(), sweeps: !isLog });
    switch (step.do) {
      case "begin changes":
        state.changes = begin(state);
        done.readings++;
        break;
      case "read changes": {
        const { end, checkpoint } = await read(step.reading);
        if (!end) break;
        state.changes = undefined;
        state.checkpoint = checkpoint ?? state.checkpoint;
        state.total = end.total;
        // A reading that an earlier run began lacks the later changes.
        if (done.readings > 0) done.isCurrent = end.doubts.length === 0;
        break;
      }
      case "begin sweep": {
        const last = state.lastSweep?.number ?? 0;
        state.sweep = { ...begin(), number: last + 1, seen: [], notes: 0 };
        done.sweepsBegun++;
        // Changes from now on are read at the end of the sweep.
        done.isCurrent = true;
        break;
      }
      case "read sweep": {
        const { sweep } = step;
        report.mode = state.lastSweep ? "sweep" : "first";
        const { end, checkpoint } = await read(sweep);
        state.checkpoint ??= checkpoint;
        sweep.end = end;
        if (end) Object.assign(done, { isCurrent: false, readings: 0 });
        break;
      }
      case "settle sweep":
        await settleSweep(step.sweep, tools);
        done.isCurrent = true;
        break;
      case "end":
        return;
    }
  }

  /** Begins a reading: of the changes since a checkpoint, or of the whole list. */
  function begin({ checkpoint: since }: Partial<ReconcileState<Position>> = {}): ListReading<Position> {
    const begunAt = pace.now();
    const { live, state } = journal;
    journal.beginReading();
    const position = source.begin({ since, now: begunAt, live, memory: state.memory });
    return { position, begunAt, readAt: begunAt, page: 0, pages: 0 };
  }

  /** Commits the changes of the earlier pages, then reads the next page and applies it. */
  async function read(reading: ListReading<Position>): Promise<ItemPage<Item, Position>> {
    if (done.hasRead) await journal.commit();
    done.hasRead = true;
    const page = await pace.call(() => source.read(reading.position));
    const { position, progress, memory, items } = page;
    Object.assign(reading, { position, ...progress, readAt: pace.now() });
    journal.state.memory = memory ?? journal.state.memory;
    if (items) await take(items, page);
    return page;
  }

  /** Adds the items that differ from the stored ones to the next commit, and appends events for new items. */
  async function take(items: readonly Item[], page: ItemPage<Item, Position>): Promise<void> {
    const { state } = journal;
    const facts = items.map(source.facts);
    state.watch ??= beginWatch(facts, { isAll: page.end !== undefined, now: pace.startedAt });
    const compared = await writer.compare(items);
    // Events are appended before their items are stored. If the process dies in between, the next run appends them
    // again, as duplicates.
    report.recovered += await recover(compared);
    const ids = facts.map(({ id }) => id);
    journal.put(compared, ids, page);
    if (state.sweep) journal.note(recordSeen(state.sweep, ids));
  }

  /** Appends the events of new items. @returns how many of them the log lacked */
  async function recover(compared: readonly Compared<Item>[]): Promise<number> {
    const { watch } = journal.state;
    const isWatched = (item: Item) => watch !== undefined && isCreatedSince(watch, source.facts(item));
    const created = compared
      .filter(({ result, item }) => result === "new" && (isLog || isWatched(item)))
      .map(({ item }) => item)
      .sort((a, b) => (source.facts(a).createdAt ?? 0) - (source.facts(b).createdAt ?? 0));
    if (created.length === 0) return 0;
    const outcomes = await appendCreated(created);
    return outcomes.filter((outcome) => outcome === "stored").length;
  }
}
