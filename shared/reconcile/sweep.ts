import { hashed } from "../storage/keys.ts";
import type { LiveTicket } from "../tickets/store/writer.ts";
import type { State } from "./state.ts";
import { beginWalk, DOUBTS_LIMIT, type Walk } from "./walk.ts";

/** A walk of the whole list, for what is gone. It goes on over many runs. */
export type Sweep = {
  walk: Walk;
  /** Number of the run that began it. */
  run: number;
  /** True when nothing was stored before: then nothing that is stored can be gone unseen. */
  first: boolean;
  /** Milliseconds since the epoch. */
  begunAt: number;
  readAt: number;
  /** Milliseconds that runs have spent on it. */
  workedMs: number;
  /** Every ticket that was seen since it began, by whatever walk, and is not in one of the notes: hashes of ids. */
  seen: string[];
  /** How many notes there are, of `SEEN_PER_NOTE` or more. */
  notes: number;
  /** How many tickets the account counted when it began; absent until the first sweep has read that. */
  total?: number;
  /** How many tickets have come into the account since, as far as these are stored. */
  came: number;
  /** Whether it was sure when it began that all tickets are stored as they are. */
  sure: boolean;
  /** Whether a doubtful reading of what changed came in between. */
  disturbed: boolean;
  /** False once a ticket was stored since it began. */
  quiet: boolean;
};

/** What is remembered of the last sweep. */
export type PastSweep = {
  begunAt: number;
  endedAt: number;
  /** Milliseconds of work that this and the sweeps before it are in advance of their share of the time. */
  aheadMs: number;
};

export type SeenNote = { run: number; seen: string[] };
export const SEEN = "seen:";
/** Bounds what a commit writes again and again; 100,000 tickets make 200 notes. */
const SEEN_PER_NOTE = 512;

export function beginSweep({ lastSweep, total, sure = false }: State, run: number, now: number): Sweep {
  return {
    walk: beginWalk(),
    run,
    first: lastSweep === undefined,
    begunAt: now,
    readAt: now,
    workedMs: 0,
    seen: [],
    notes: 0,
    total,
    came: 0,
    sure,
    disturbed: false,
    quiet: true,
  };
}

/** Remembers tickets as seen. When these are enough for a note of their own, it comes back under its name. */
export function see(sweep: Sweep, ids: readonly string[]): Record<string, SeenNote> {
  sweep.seen = [...new Set([...sweep.seen, ...ids.map((id) => hashed(id, 16))])];
  if (sweep.seen.length < SEEN_PER_NOTE) return {};
  const name = SEEN + String(sweep.notes).padStart(6, "0");
  const note = { run: sweep.run, seen: sweep.seen };
  sweep.notes++;
  sweep.seen = [];
  return { [name]: note };
}

/** The stored tickets that a sweep at its end has not seen: missing upstream, or, where it has doubts, perhaps not. */
export async function findUnseen(
  sweep: Sweep,
  notes: AsyncIterable<SeenNote>,
  stored: AsyncIterable<LiveTicket>,
): Promise<{ missing: LiveTicket[]; doubtful: LiveTicket[] }> {
  const seen = new Set(sweep.seen);
  // Notes of sweeps before lie about: the next one writes over them.
  for await (const note of notes) if (note.run === sweep.run) for (const hash of note.seen) seen.add(hash);
  const doubts = new Set(sweep.walk.doubts);
  // Of a ticket that may not be stored as it is, it is not known where in the list it would have been missed.
  const isUnclear = doubts.size >= DOUBTS_LIMIT || (doubts.size > 0 && !sweep.sure);
  const isDoubtful = (key: number) => isUnclear || doubts.has(key);
  const unseen: { missing: LiveTicket[]; doubtful: LiveTicket[] } = { missing: [], doubtful: [] };
  for await (const ticket of stored) {
    if (!seen.has(ticket.hash.slice(0, 16)))
      unseen[isDoubtful(ticket.modified) ? "doubtful" : "missing"].push(ticket);
  }
  return unseen;
}

/**
 * Whether a sweep with doubts has missed nothing all the same. When it was sure at its beginning that every ticket is
 * stored, then it was enough to see all of these. Else the numbers have to add up: as many tickets stored as counted,
 * and none deleted since it began that could make up for one that it missed.
 *
 * @param live how many tickets are stored, all of which it has seen
 * @param total how many the account counts
 */
export function hasSeenAll(sweep: Sweep, live: number, total: number): boolean {
  if (sweep.disturbed) return false;
  if (sweep.walk.doubts.length === 0 || sweep.sure) return true;
  return live === total && total === (sweep.total ?? 0) + sweep.came;
}

/** Sweeps that something calls for, other than the time, take no more than a tenth of the time. */
const SHARE = 1 / 10;
/** Milliseconds of work by which they may be ahead of that: so one of a small account never has to wait. */
const ADVANCE = 60 * 60_000;

/** What is remembered of a sweep that has ended now. */
export function endSweep(
  { begunAt, workedMs }: Sweep,
  before: PastSweep | undefined,
  now: number,
): PastSweep {
  return { begunAt, endedAt: now, aheadMs: workedMs + aheadOf(before, now) };
}

/**
 * Whether it is time for a sweep: by the clock, or since it is not sure that all is stored, or since the account counts
 * other than what is stored, and not by what a sweep of an account at rest could not explain.
 */
export function isSweepDue(
  { lastSweep, sure, total, explained }: State,
  live: number,
  now: number,
  everyMs: number,
): boolean {
  if (!lastSweep || now - lastSweep.begunAt >= everyMs) return true;
  const differs = live !== total && live - (total ?? 0) !== explained;
  return (!sure || differs) && aheadOf(lastSweep, now) < ADVANCE;
}

function aheadOf(sweep: PastSweep | undefined, now: number): number {
  return sweep ? Math.max(0, sweep.aheadMs - SHARE * (now - sweep.endedAt)) : 0;
}
