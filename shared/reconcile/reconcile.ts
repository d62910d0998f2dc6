import { setTimeout as delay } from "node:timers/promises";
import { Conflict, InvalidInput, NotFound } from "../core/errors.ts";
import type { Report } from "./report.ts";
import { type Ports, RENEWAL, RunEnded, Session, UnusablePage } from "./session.ts";
import type { Checkpoint } from "./state.ts";
import { beginSweep, endSweep, findUnseen, hasSeenAll, isSweepDue, type Sweep } from "./sweep.ts";
import {
  advance,
  beginWalk,
  hasEnded,
  hasPassed,
  nextPage,
  REPEATS_LIMIT,
  shorten,
  type Walk,
} from "./walk.ts";

export type Reconciliation = Ports & {
  /** Who runs, for whoever comes second. */
  holder: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: (ms: number) => Promise<unknown>;
  /** Milliseconds after which a run makes no further call: four minutes of a function's five by default. */
  budgetMs?: number;
  /** Milliseconds from the start of a sweep to the next one that nothing but the time calls for; a day by default. */
  sweepEveryMs?: number;
  /** Tickets on a page of LiveChat's list. */
  pageSize?: number;
  /** Milliseconds that `listTickets` has spent waiting for the rate limit so far, for the report. */
  throttledMs?: () => number;
};

/**
 * Makes the stored tickets equal to the account's, as far as the budget goes; the next run goes on where it stood.
 *
 * Every run first reads what was modified since its checkpoint, from the top of the list down. What is gone shows in no
 * such reading: for that a sweep reads the whole list, over as many runs as it takes, once a day and whenever the
 * account counts other than what is stored.
 *
 * @throws Conflict when a run is going on, with who holds it since when; or when it was taken over from this one
 * @throws AppError what `listTickets`, `appendCreated` or the storage threw; the run is recorded as failed.
 * `TooManyRequests` is not thrown: such a run is over, `throttled`.
 */
export async function reconcile({
  holder,
  now = Date.now,
  wait = delay,
  budgetMs = 240_000,
  sweepEveryMs = 24 * 60 * 60_000,
  pageSize = 25,
  throttledMs = () => 0,
  ...ports
}: Reconciliation): Promise<Report> {
  const lease = await ports.store.lock({ holder, ttlMs: 3 * RENEWAL, now });
  try {
    const session = await Session.open(ports, { pageSize, budgetMs, now, wait, throttledMs }, lease);
    try {
      await run(session, { now, sweepEveryMs, pageSize });
      return await session.end("completed");
    } catch (error) {
      if (error instanceof RunEnded) return await session.end(error.outcome);
      // After a Conflict the record is the other run's to keep. And no failure to record hides what failed.
      if (!(error instanceof Conflict)) await session.fail(error).catch(() => undefined);
      throw error;
    }
  } finally {
    // At worst it ends by itself.
    await lease.release().catch(() => undefined);
  }
}

/** Milliseconds after which a second is over for LiveChat too, whose clock is another one. */
const SURELY_OVER = 60_000;
/** So often what changed is read when there are doubts. */
const READINGS = 2;

type Settings = { now: () => number; sweepEveryMs: number; pageSize: number };

async function run(session: Session, settings: Settings): Promise<void> {
  const { state, number } = session;
  const { now, sweepEveryMs } = settings;
  let hasBegun = false;
  if (state.checkpoint) await catchUp(session, settings);
  for (;;) {
    if (!state.sweep) {
      if (hasBegun || !isSweepDue(state, session.live, now(), sweepEveryMs)) return;
      hasBegun = true;
      state.sweep = beginSweep(state, number, now());
    }
    const wasOver = hasEnded(state.sweep.walk);
    await sweepOn(session, state.sweep, settings);
    const { first, walk } = state.sweep;
    // What changed meanwhile must not look as if it were gone. Where a first walk just found all, there is no more to ask.
    if (first && !wasOver && walk.total === session.live) state.total = walk.total;
    else await catchUp(session, settings);
    await settle(session, state.sweep, now);
  }
}

/**
 * Reads what was modified since the checkpoint, which then is the list's top as it was when this began. A reading with
 * doubts is followed by another one; if that has doubts too, the next sweep has to clear them.
 */
async function catchUp(session: Session, settings: Settings): Promise<void> {
  const { state } = session;
  for (let readings = 1; ; readings++) {
    const resumed = state.catchUp !== undefined;
    state.catchUp ??= { walk: beginWalk(), begunAt: settings.now() };
    const { key, closed } = state.checkpoint ?? NEVER;
    while (!hasPassed(state.catchUp.walk, key, { above: closed }))
      await step(session, state.catchUp, settings);
    const { walk, begunAt } = state.catchUp;
    state.catchUp = undefined;
    const isSure = walk.doubts.length === 0;
    if (isSure || readings >= READINGS) {
      state.checkpoint = checkpointAt(walk.top ?? NEVER.key, begunAt);
      state.total = walk.totalAtTop;
      if (!isSure) state.sure = false;
      if (!isSure && state.sweep) state.sweep.disturbed = true;
      // One that an earlier run began does not know of what changed since then.
      if (!resumed) return;
    }
  }
}

/** Reads the whole list, for what is not in it. The first of all sweeps begins to watch the account. */
async function sweepOn(session: Session, sweep: Sweep, settings: Settings): Promise<void> {
  const { state, report } = session;
  report.mode = sweep.first ? "first" : "sweep";
  const { now } = settings;
  let since = now();
  while (!hasEnded(sweep.walk)) {
    await step(session, sweep, settings);
    sweep.total ??= sweep.walk.total;
    state.checkpoint ??= checkpointAt(sweep.walk.top ?? NEVER.key, sweep.begunAt);
    sweep.readAt = now();
    sweep.workedMs += sweep.readAt - since;
    since = sweep.readAt;
  }
}

/**
 * Marks what a sweep that is at its end has not seen as deleted. It does not when that contradicts what the account
 * counts; and when it would mark most of all tickets, another run has to find the same.
 */
async function settle(session: Session, sweep: Sweep, now: () => number): Promise<void> {
  const { state, number } = session;
  const { total = 0 } = state;
  let isSure = hasSeenAll(sweep, session.live, total);
  // All that is stored has been seen by the first one.
  if (!sweep.first) {
    await session.commit();
    const { missing, doubtful } = await findUnseen(sweep, session.seenNotes(), session.liveTickets());
    const isTooMany = missing.length > 0 && session.live - missing.length < total;
    const isHeld = missing.length > session.live / 2 && (state.heldIn ?? number) === number;
    const isWrong = sweep.disturbed || isTooMany || isHeld;
    if (!isWrong) await session.remove(missing);
    isSure = !isWrong && doubtful.length === 0 && hasSeenAll(sweep, session.live, total);
    state.heldIn = isHeld ? number : undefined;
    state.explained = sweep.quiet && sweep.total === total ? session.live - total : undefined;
  }
  state.sure = isSure;
  state.lastSweep = endSweep(sweep, state.lastSweep, now());
  state.sweep = undefined;
}

/** Reads the page that comes next in a walk, and takes it in. */
async function step(session: Session, reading: { walk: Walk }, { pageSize }: Settings): Promise<void> {
  const { walk } = reading;
  const page = nextPage(walk, pageSize);
  const read = await session.read(page).catch(async (error: unknown) => {
    if (page === 1 || !(error instanceof InvalidInput || error instanceof NotFound)) throw error;
    // Perhaps there is no such page any more. The first one tells how long the list is.
    const { answer } = await session.read(1);
    reading.walk = shorten(walk, answer.total);
    if (nextPage(reading.walk, pageSize) === page) throw error;
  });
  if (!read) return;
  const { answer, tickets } = read;
  reading.walk = advance(walk, answer, pageSize);
  const { repeats } = reading.walk;
  if (repeats === 0) await session.take(tickets);
  if (repeats < REPEATS_LIMIT) return;
  await session.commit();
  throw new UnusablePage(`LiveChat answers with the same tickets for page ${page} as for another one.`);
}

/** The checkpoint of who has read nothing yet. */
const NEVER: Checkpoint = { key: -1, closed: false };

/** @param readAt when reading began of all that has this time as its last modification */
function checkpointAt(key: number, readAt: number): Checkpoint {
  return { key, closed: key < readAt - SURELY_OVER };
}
