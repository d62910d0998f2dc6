import { hashed } from "../storage/keys.ts";
import type { LiveTicket } from "../ticket-store/writer.ts";
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
  /** How many tickets the account counted when it began, as far as that was known. */
  total?: number;
  /** False once a ticket was stored since it began. */
  quiet: boolean;
};

/** What is remembered of the last sweep. */
export type PastSweep = {
  begunAt: number;
  endedAt: number;
  /** Milliseconds of work that this and the sweeps before it are in advance of their share of the time. */
  aheadMs: number;
  /** It could not tell of every ticket: another one is due. */
  again: boolean;
};

export type SeenNote = { run: number; seen: string[] };
export const SEEN = "seen:";
/** Bounds what a commit writes again and again; 100,000 tickets make 200 notes. */
const SEEN_PER_NOTE = 512;

export function beginSweep(run: number, now: number, known: { first: boolean; total?: number }): Sweep {
  return {
    walk: beginWalk(),
    run,
    ...known,
    begunAt: now,
    readAt: now,
    workedMs: 0,
    seen: [],
    notes: 0,
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

/** The stored tickets that a sweep at its end has not seen and has no doubt about. */
export async function findMissing(
  sweep: Sweep,
  notes: AsyncIterable<SeenNote>,
  stored: AsyncIterable<LiveTicket>,
): Promise<LiveTicket[]> {
  const { doubts } = sweep.walk;
  if (doubts.length >= DOUBTS_LIMIT) return [];
  const seen = new Set(sweep.seen);
  // Notes of sweeps before lie about: the next one writes over them.
  for await (const note of notes) if (note.run === sweep.run) for (const hash of note.seen) seen.add(hash);
  const missing: LiveTicket[] = [];
  for await (const ticket of stored) {
    if (!seen.has(ticket.hash.slice(0, 16)) && !doubts.includes(ticket.modified)) missing.push(ticket);
  }
  return missing;
}

/** Sweeps that something calls for, other than the time, take no more than a tenth of the time. */
const SHARE = 1 / 10;
/** Milliseconds of work by which they may be ahead of that: so one of a small account never has to wait. */
const ADVANCE = 60 * 60_000;

/** What is remembered of a sweep that has ended now. */
export function endSweep(
  { begunAt, workedMs }: Sweep,
  before: PastSweep | undefined,
  again: boolean,
  now: number,
): PastSweep {
  return { begunAt, endedAt: now, aheadMs: workedMs + aheadOf(before, now), again };
}

/**
 * Whether it is time for a sweep: by the clock, or since something shows that the last one left something. That is when
 * the account's own count differs from what is stored, and not by what a sweep of an account at rest could not explain.
 */
export function isSweepDue(
  {
    lastSweep,
    difference = 0,
    explained = 0,
  }: { lastSweep?: PastSweep; difference?: number; explained?: number },
  now: number,
  everyMs: number,
): boolean {
  if (!lastSweep || now - lastSweep.begunAt >= everyMs) return true;
  if (!lastSweep.again && (difference === 0 || difference === explained)) return false;
  return aheadOf(lastSweep, now) < ADVANCE;
}

function aheadOf(sweep: PastSweep | undefined, now: number): number {
  return sweep ? Math.max(0, sweep.aheadMs - SHARE * (now - sweep.endedAt)) : 0;
}
