import { toIso } from "../core/time.ts";
import { groupsOf } from "../core/values.ts";
import { hashed } from "../storage/keys.ts";
import { judgeSweep } from "./decide.ts";
import type { Journal } from "./journal.ts";
import type { Pace } from "./pace.ts";
import type { LiveItem, Sink, Writer } from "./sink.ts";
import type { Sweep, SweepNote } from "./state.ts";

/** A note's name begins with one of these. */
const SEEN = "seen:";
const MISSED = "missed:";
/** Limits the size of the state that every commit writes; 100,000 items make 200 notes. */
const HASHES_PER_NOTE = 512;
/** Marking an item takes two operations of a transaction's hundred. */
const REMOVALS_PER_COMMIT = 45;

/**
 * Records that a sweep has seen items. When the sweep has enough hashes for a note, they move to the note.
 *
 * @returns the note by its name, to be stored
 */
export function recordSeen(sweep: Sweep<unknown>, ids: readonly string[]): Record<string, SweepNote> {
  const seen = [...new Set([...sweep.seen, ...ids.map((id) => shortOf(hashed(id)))])];
  if (seen.length < HASHES_PER_NOTE) {
    sweep.seen = seen;
    return {};
  }
  const name = noteName(SEEN, sweep.notes);
  sweep.seen = [];
  sweep.notes++;
  return { [name]: { sweep: sweep.number, seen } };
}

/** What a run works with. */
export type RunTools<Item, Position> = {
  sink: Sink<Item>;
  writer: Writer<Item>;
  journal: Journal<Item, Position>;
  pace: Pace;
};

/**
 * Ends a sweep that has read the whole list: marks the deleted items, and keeps its result for the next sweep.
 *
 * @throws RunEnded at the end of the time limit, with some items marked
 */
export async function settleSweep<Item, Position>(
  sweep: Sweep<Position>,
  tools: RunTools<Item, Position>,
): Promise<void> {
  const { sink, journal, pace } = tools;
  // The stored items are read as of the last commit.
  await journal.commit();
  const { state, live } = journal;
  const isFirst = state.lastSweep === undefined;
  const unseen = isFirst ? [] : await findUnseen(sweep, tools);
  const missedBefore = await readHashes(sink, MISSED, state.lastSweep?.number);
  const wasMissed = ({ hash }: LiveItem) => missedBefore.has(shortOf(hash));
  const facts = { state, live, now: pace.now() };
  const { gone, missed, lastSweep } = judgeSweep(sweep, facts, { unseen, wasMissed });
  await remove(gone, tools);
  journal.note(missedNotes(sweep.number, missed));
  state.lastSweep = lastSweep;
  if (isFirst) state.total = sweep.end?.total;
  state.sweep = undefined;
}

/** The stored items that no reading has found since the sweep began. */
async function findUnseen<Item, Position>(
  { number, seen }: Sweep<Position>,
  { sink, writer, pace }: RunTools<Item, Position>,
): Promise<LiveItem[]> {
  const hashes = new Set([...seen, ...(await readHashes(sink, SEEN, number))]);
  const unseen: LiveItem[] = [];
  for await (const item of writer.liveItems()) {
    await pace.keepLease();
    if (!hashes.has(shortOf(item.hash))) unseen.push(item);
  }
  return unseen;
}

/** Marks items as deleted. @throws RunEnded at the end of the time limit, with some items marked */
async function remove<Item, Position>(
  items: readonly LiveItem[],
  { journal, pace }: RunTools<Item, Position>,
): Promise<void> {
  const { state, report } = journal;
  const at = toIso(pace.now());
  for (const group of groupsOf(items, REMOVALS_PER_COMMIT)) {
    pace.checkTime();
    await pace.keepLease();
    const hashes = new Set(group.map(({ hash }) => hash));
    state.odd = state.odd.filter((id) => !hashes.has(hashed(id)));
    report.deleted += group.length;
    await journal.commit({ items: group, at });
  }
}

/** The hashes in a sweep's notes. Notes of earlier sweeps exist until later sweeps overwrite them. */
async function readHashes(
  { notes }: Pick<Sink<unknown>, "notes">,
  kind: typeof SEEN | typeof MISSED,
  sweep: number | undefined,
): Promise<Set<string>> {
  const hashes = new Set<string>();
  for await (const note of notes<SweepNote>(kind)) {
    if (note.sweep === sweep) for (const hash of note.seen ?? note.missed ?? []) hashes.add(hash);
  }
  return hashes;
}

/** Notes of the items that a sweep missed, for the next sweep. */
export function missedNotes(sweep: number, items: readonly LiveItem[]): Record<string, SweepNote> {
  const hashes = items.map(({ hash }) => shortOf(hash));
  const groups = groupsOf(hashes, HASHES_PER_NOTE);
  return Object.fromEntries(groups.map((missed, index) => [noteName(MISSED, index), { sweep, missed }]));
}

function noteName(kind: string, index: number): string {
  return kind + String(index).padStart(6, "0");
}

function shortOf(hash: string): string {
  return hash.slice(0, 16);
}
