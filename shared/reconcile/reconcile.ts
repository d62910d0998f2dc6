import { Conflict } from "../core/errors.ts";
import { toIso } from "../core/time.ts";
import type { ItemPage, Source } from "../listing/source.ts";
import type { RunReport } from "../schemas/reconcile.ts";
import { hashed } from "../storage/keys.ts";
import { includes, judgeSweep, nextRunStep, type RunProgress, see } from "./decide.ts";
import { Journal } from "./journal.ts";
import { Pace, type PaceOptions, RENEWAL, RunEnded } from "./pace.ts";
import type { Compared, LiveItem, Sink, Writer } from "./sink.ts";
import { type ListReading, MISSED, type ReconcileState, SEEN, type Sweep, type SweepNote } from "./state.ts";
import { beginWatch, isCreatedSince } from "./watch.ts";

export type ReconciliationOptions<Item, Position> = PaceOptions & {
  source: Source<Item, Position>;
  sink: Sink<Item>;
  /**
   * Adds a creation event for each of these items, oldest first, to the event log if it is missing, and says for each
   * whether it was. May be called again with the same items.
   */
  appendCreated(items: Item[]): Promise<("stored" | "duplicate")[]>;
  /**
   * Whether every item that is not stored gets a creation event. By default only items that were created since the first
   * run get one.
   */
  tellsEvery?: boolean;
  /** Whether sweeps look for what is gone; true by default. */
  sweeps?: boolean;
  /** The name of this run's caller. A second run that is refused shows it. */
  holder: string;
};

/** How many ids of items that do not fit their schema are kept. */
const ODD_KEPT = 100;
/** Marking an item takes two operations of a transaction's hundred. */
const REMOVALS_PER_COMMIT = 45;

/**
 * Makes the stored items equal to the account's items, within the time limit. The next run continues where this one
 * ended.
 *
 * Every run first reads the items that changed since its checkpoint. Deleted items do not show in that reading. So a
 * sweep reads the whole list, over several runs if needed: once a day, and when the account's count differs from the
 * stored items. An item that two sweeps in a row do not find is deleted. {@link nextRunStep} decides the order of the
 * steps.
 *
 * @throws Conflict when another run is in progress, with its holder and its start; or when another run has taken over
 * @throws AppError from the source, `appendCreated` or the storage; the run is recorded as failed. `TooManyRequests`
 *   is not thrown: such a run is over, `throttled`.
 */
export async function reconcile<Item, Position>(
  reconciliation: ReconciliationOptions<Item, Position>,
): Promise<RunReport> {
  const { sink, holder, now = Date.now } = reconciliation;
  const lease = await sink.lock({ holder, ttlMs: 3 * RENEWAL, now });
  try {
    const pace = new Pace(lease, reconciliation);
    const writer = await sink.write<ReconcileState<Position>>();
    const journal = new Journal(writer, pace);
    try {
      await run(reconciliation, { writer, journal, pace });
      return await journal.end("completed");
    } catch (error) {
      if (error instanceof RunEnded) return await journal.end(error.outcome);
      // After a Conflict the other run writes the record. An error of `fail` must not hide the first error.
      if (!(error instanceof Conflict)) await journal.fail(error).catch(() => undefined);
      throw error;
    }
  } finally {
    // A lease that is not released ends by itself.
    await lease.release().catch(() => undefined);
  }
}

type Tools<Item, Position> = {
  writer: Writer<Item, ReconcileState<Position>>;
  journal: Journal<Item, Position>;
  pace: Pace;
};

/** Carries out the steps that {@link nextRunStep} decides, until it decides to end. */
async function run<Item, Position>(
  { source, sink, appendCreated, tellsEvery = false, sweeps = true }: ReconciliationOptions<Item, Position>,
  { writer, journal, pace }: Tools<Item, Position>,
): Promise<void> {
  const { report, number } = journal;
  const done: RunProgress = { changes: "unread", readings: 0, sweepsBegun: 0, hasRead: false };
  let [isFresh, withoutIdNow] = [false, 0];
  const oddNow = new Set<string>();

  for (;;) {
    const { state, live } = journal;
    const step = nextRunStep({ ...done, state, live, now: pace.now(), run: number, sweeps });
    switch (step.do) {
      case "begin changes":
        state.changes = begin(state);
        done.readings++;
        isFresh = true;
        break;
      case "read changes": {
        const { end, checkpoint } = await read(step.reading);
        if (!end) break;
        state.changes = undefined;
        state.checkpoint = checkpoint ?? state.checkpoint;
        state.total = end.total;
        // A reading that an earlier run began lacks the later changes.
        if (isFresh) done.changes = end.doubts.length === 0 ? "current" : "doubtful";
        break;
      }
      case "begin sweep": {
        const last = state.lastSweep?.number ?? 0;
        const first = state.lastSweep === undefined;
        state.sweep = { ...begin(), number: last + 1, first, workedMs: 0, seen: [], notes: 0 };
        done.sweepsBegun++;
        // Changes from now on are read at the end of the sweep.
        done.changes = "current";
        break;
      }
      case "read sweep": {
        const { sweep } = step;
        report.mode = sweep.first ? "first" : "sweep";
        const since = pace.now();
        const { end, checkpoint } = await read(sweep);
        state.checkpoint ??= checkpoint;
        sweep.end = end;
        sweep.workedMs += pace.now() - since;
        if (end) {
          done.changes = "unread";
          done.readings = 0;
        }
        break;
      }
      case "settle sweep":
        await settleSweep(step.sweep);
        done.changes = "current";
        break;
      case "end":
        return;
    }
  }

  /** Begins a reading: of the changes since a checkpoint, or of the whole list. */
  function begin({ checkpoint: since }: Partial<ReconcileState<Position>> = {}): ListReading<Position> {
    const begunAt = pace.now();
    const { live, state } = journal;
    withoutIdNow = 0;
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
  async function take(
    items: readonly Item[],
    { odd = [], withoutId = 0, end }: ItemPage<Item, Position>,
  ): Promise<void> {
    const { state } = journal;
    const facts = items.map(source.facts);
    state.watch ??= beginWatch(facts, { isAll: end !== undefined, now: pace.startedAt });
    const compared = await writer.compare(items);
    // Before the items are stored: if the process dies in between, the next run appends the events again, as duplicates.
    report.recovered += await recover(compared);
    const count = (is: Compared<Item>["is"]) => compared.filter((each) => each.is === is).length;
    report.pages++;
    report.added += count("new");
    report.changed += count("changed");
    report.restored += count("deleted");
    report.unchanged += count("same");
    for (const id of odd) oddNow.add(id);
    report.odd = oddNow.size;
    // Items without an id cannot be distinguished, and each reading of a run finds them again.
    withoutIdNow += withoutId;
    report.withoutId = Math.max(report.withoutId, withoutIdNow);
    journal.put(compared.filter(({ is }) => is !== "same"));
    const ids = facts.map(({ id }) => id);
    state.odd = [...state.odd.filter((id) => !ids.includes(id)), ...odd].slice(-ODD_KEPT);
    if (!state.sweep) return;
    const { sweep, note } = see(state.sweep, ids);
    Object.assign(state.sweep, sweep);
    journal.note(note);
  }

  async function recover(compared: readonly Compared<Item>[]): Promise<number> {
    const { watch } = journal.state;
    const isWatched = (item: Item) => watch !== undefined && isCreatedSince(watch, source.facts(item));
    const created = compared
      .filter(({ is, item }) => is === "new" && (tellsEvery || isWatched(item)))
      .map(({ item }) => item)
      .sort((a, b) => (source.facts(a).createdAt ?? 0) - (source.facts(b).createdAt ?? 0));
    if (created.length === 0) return 0;
    const outcomes = await appendCreated(created);
    return outcomes.filter((outcome) => outcome === "stored").length;
  }

  async function settleSweep(sweep: Sweep<Position>): Promise<void> {
    // The stored items are read as of the last commit.
    await journal.commit();
    const { state, live } = journal;
    const unseen = sweep.first ? [] : await findUnseen(sweep);
    const missedBefore = await hashesOf(MISSED, state.lastSweep?.number);
    const { gone, lastSweep, notes } = judgeSweep(sweep, {
      ...{ state, live, now: pace.now(), run: number, unseen, missedBefore },
    });
    await remove(gone);
    journal.note(notes);
    state.lastSweep = lastSweep;
    if (sweep.first) state.total = sweep.end?.total;
    state.sweep = undefined;
  }

  /** The stored items that no reading has found since the sweep began. */
  async function findUnseen({ number, seen }: Sweep<Position>): Promise<LiveItem[]> {
    const hashes = new Set([...seen, ...(await hashesOf(SEEN, number))]);
    const unseen: LiveItem[] = [];
    for await (const item of writer.liveItems()) {
      await pace.keepLease();
      if (!includes(hashes, item)) unseen.push(item);
    }
    return unseen;
  }

  /** The hashes in a sweep's notes. Notes of earlier sweeps exist until later sweeps overwrite them. */
  async function hashesOf(
    kind: typeof SEEN | typeof MISSED,
    sweep: number | undefined,
  ): Promise<Set<string>> {
    const hashes = new Set<string>();
    for await (const note of sink.notes<SweepNote>(kind)) {
      if (note.sweep === sweep) for (const hash of note.seen ?? note.missed ?? []) hashes.add(hash);
    }
    return hashes;
  }

  /** Marks items as deleted. @throws RunEnded at the end of the time limit, with some items marked */
  async function remove(items: readonly LiveItem[]): Promise<void> {
    const { state } = journal;
    const at = toIso(pace.now());
    for (let start = 0; start < items.length; start += REMOVALS_PER_COMMIT) {
      pace.checkTime();
      await pace.keepLease();
      const some = items.slice(start, start + REMOVALS_PER_COMMIT);
      const hashes = new Set(some.map(({ hash }) => hash));
      state.odd = state.odd.filter((id) => !hashes.has(hashed(id)));
      report.deleted += some.length;
      await journal.commit({ items: some, at });
    }
  }
}
