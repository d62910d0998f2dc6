import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { EventLog } from "../event-log/event-log.ts";
import { coalesce } from "./coalesce.ts";
import type { Orders } from "./decide.ts";
import { type DeliverOptions, deliver } from "./deliver.ts";
import { createFeed, type FeedHead } from "./feed.ts";
import { leaseEnds, type RosterEntry, takeIn } from "./roster.ts";
import { isDelivered } from "./standing.ts";
import type { Subscriptions } from "./store.ts";
import type { KeptSubscription } from "./subscription.ts";
import { LOOK_MS, ROSTER_MS, STAY_MS, TIMED_PAUSE_MS, WORK_MS } from "./times.ts";

// How an event reaches a subscriber:
//
// 1. `wake-up.ts` puts a message into the queue while the event is stored. It shows two seconds later, and is postponed
//    while this process works and taken back when all is delivered (`guarantee.ts`): it is received only when the process
//    has died or stands still.
// 2. This dispatcher compares each subscription's place with the head of the log (`feed.ts`), and starts a `deliver` for
//    those that are behind and whose lease is free (`roster.ts`).
// 3. `deliver.ts` asks `decide.ts` for the next step and takes it, again and again: find place, read, pass, write, send,
//    park, pause, linger, end. Its state is the row of the subscription and what this process knows beyond it.
// 4. Each write of the row (`row.ts`) is conditional on the one before (`store.ts`), takes or renews the lease, and keeps
//    the place. A process that lost the subscription, or whose operator changed it, learns of that by its next write.
//
// `standing.ts` decides what an answer means, `filter.ts` which events are wanted, `message.ts` and `send.ts` what is sent,
// `rate.ts` when the next request may be made. `times.ts` has the times and bounds of all this; `post.ts` has those of one
// HTTP request.

export type DispatcherOptions = Pick<DeliverOptions, "post" | "onAttempt"> &
  Partial<Pick<DeliverOptions, "holder" | "now" | "random" | "wait" | "every">> & {
    subscriptions: Pick<Subscriptions, "list" | "get" | "replace">;
    log: Pick<EventLog, "head" | "list">;
    /** Makes a dispatcher of any process check again after some milliseconds. Must not throw. */
    wakeUp: (afterMs: number) => void;
    /** Does some work once, after so many milliseconds, if the process is still there. */
    later?: (milliseconds: number, work: () => void) => void;
  };

/** What was done since the last report. */
type Report = { delivered: number; failed: number; givenUp: number };

/** A subscription that is being served in this process. */
type Slot = Orders & {
  /** Another look was asked for since the last one. */
  again: boolean;
  /** Up to here it is served. What the process stores behind it is still to be looked at when serving ends. */
  through: number;
  served: Promise<void>;
};

/** Makes the dispatcher of a process. */
export function createDispatcher({
  subscriptions,
  log,
  post,
  wakeUp,
  onAttempt,
  holder = randomUUID(),
  now = Date.now,
  random = Math.random,
  wait = pause,
  every = atIntervals,
  later = (milliseconds, work) => void setTimeout(work, milliseconds).unref(),
}: DispatcherOptions) {
  const feed = createFeed({ log, now, wait });
  const active = new Map<string, Slot>();
  let roster = new Map<string, RosterEntry>();
  let rosterAt = Number.NEGATIVE_INFINITY;
  let report: Report = { delivered: 0, failed: 0, givenUp: 0 };
  let errors: unknown[] = [];
  let staying = false;
  let stopping = false;
  /** The time of the next check of subscriptions whose lease another process has: it may have died. */
  let recheckAt = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  /** For wake-ups from any process, of which many may come at once: reads all subscriptions. */
  const look = coalesce(async () => {
    const early = lookedAt + LOOK_MS - now();
    if (early > 0) await wait(early);
    lookedAt = now();
    const [head] = await Promise.all([feed.head(), readRoster()]);
    for (const slot of active.values()) slot.again = true;
    startAll(head);
  });

  /** For events that this process stores: reads as little as possible. */
  const glance = coalesce(async () => {
    const isCached = now() - rosterAt < ROSTER_MS;
    if (!isCached) await readRoster();
    const isHeld = startAll(feed.known() ?? (await feed.head()));
    // A lease that was read a while ago may be over.
    if (isCached && isHeld) {
      await readRoster();
      startAll(feed.known() ?? (await feed.head()));
    }
  });

  async function readRoster(): Promise<void> {
    const readAt = now();
    const all = await subscriptions.list();
    roster = new Map(all.map((kept) => [kept.id, takeIn(roster.get(kept.id), kept, readAt)]));
    rosterAt = readAt;
  }

  /**
   * Starts deliveries to all subscriptions that are behind and without a lease. Returns whether another process has
   * the lease of one of them.
   */
  function startAll(head: FeedHead): boolean {
    let isHeld = false;
    if (stopping) return isHeld;
    for (const entry of roster.values()) {
      if (active.has(entry.kept.id) || !isDue(entry.kept) || !isBehind(entry, head)) continue;
      const free = leaseEnds(entry, holder);
      if (free <= now()) start(entry);
      else {
        isHeld = true;
        recheck(free);
      }
    }
    return isHeld;
  }

  function isDue({ standing }: KeptSubscription): boolean {
    if (standing.state === "given_up") return false;
    return standing.nextAttemptAt === undefined || Date.parse(standing.nextAttemptAt) <= now();
  }

  /**
   * Checks again when the other process's lease must be over: in this process, and by a queue message in case this
   * process has ended.
   */
  function recheck(at: number): void {
    if (recheckAt > now()) return;
    recheckAt = at;
    wakeUp(at - now());
    later(at - now(), () => void look().catch(() => {}));
  }

  function start(entry: RosterEntry): void {
    const { id } = entry.kept;
    const slot = {
      ...{ until: now() + WORK_MS, isRemoved: false, isChanged: false, again: false },
      ...{ through: Number.POSITIVE_INFINITY, served: Promise.resolve() },
    };
    active.set(id, slot);
    slot.served = work(entry, slot).catch((error) => {
      errors.push(error);
    });
  }

  async function work(entry: RosterEntry, slot: Slot): Promise<void> {
    const { id } = entry.kept;
    try {
      for (let current: RosterEntry | undefined = entry; ; ) {
        let isLost = false;
        if (current && isDue(current.kept) && leaseEnds(current, holder) <= now()) {
          current = await serve(current, slot);
          isLost = current === undefined;
        }
        if (stopping || slot.isRemoved || (!isLost && !slot.again && !isLeft(slot))) return;
        if (isLost || slot.again) {
          slot.again = false;
          current = await read(id);
        }
      }
    } finally {
      // In one go with the last look at `again` and the head: what comes from here on begins anew.
      active.delete(id);
    }
  }

  /** Whether this process has stored more since the subscription was served. */
  function isLeft({ through }: Slot): boolean {
    const head = feed.known();
    return through !== Number.POSITIVE_INFINITY && (head === undefined || head.seq > through);
  }

  async function read(id: string): Promise<RosterEntry | undefined> {
    const readAt = now();
    const kept = await subscriptions.get(id);
    const entry = kept && takeIn(roster.get(id), kept, readAt);
    if (entry) roster.set(id, entry);
    else roster.delete(id);
    return entry;
  }

  /** Delivers, and gives what is known afterwards; `undefined` when that has to be read anew. */
  async function serve(known: RosterEntry, slot: Slot): Promise<RosterEntry | undefined> {
    const { kept: found } = known;
    slot.through = Number.POSITIVE_INFINITY;
    const { end, kept, through } = await deliver(found, known.through, slot, {
      ...{ subscriptions, feed, post, holder, now, random, wait, every },
      onAttempt(sent, to, events) {
        if (isDelivered(sent.answer)) report.delivered += events.length;
        else report.failed += 1;
        return onAttempt?.(sent, to, events);
      },
    });
    if (end.why === "lost") {
      roster.delete(found.id);
      return undefined;
    }
    const at = now();
    const entry = { kept, through, seenAt: at, readAt: at };
    if (roster.has(found.id)) roster.set(found.id, entry);
    if (end.why === "done") {
      // Other processes that checked meanwhile found the lease taken and ended, so this process must check for the
      // events that woke them.
      if (found.etag !== kept.etag) await feed.head();
      slot.through = through;
    } else if (end.why === "given up") report.givenUp += 1;
    else {
      const afterMs = end.why === "paused" ? end.until - at : 0;
      if (afterMs <= TIMED_PAUSE_MS) wakeUp(afterMs);
    }
    return entry;
  }

  const allServed = () => [...active.values()].map(({ served }) => served);

  return {
    /** Sends nothing more to a subscriber that this process has removed. Other processes learn of it within a second. */
    forget(id: string): void {
      roster.delete(id);
      const slot = active.get(id);
      if (slot) slot.isRemoved = true;
    },
    /** Sends no page again that was read before: an event was erased. */
    erased: () => feed.noteErased(),
    /** Begins no further event, and writes the places that were reached: the process is to end. */
    async stop(): Promise<void> {
      stopping = true;
      for (const slot of active.values()) slot.until = Number.NEGATIVE_INFINITY;
      await Promise.all(allServed());
    },
    /** Looks at once for subscriptions that were changed. */
    changed(): void {
      rosterAt = Number.NEGATIVE_INFINITY;
      for (const slot of active.values()) slot.isChanged = true;
      void look().catch(() => {});
    },
    /**
     * Delivers at once what this process has just stored at `seq`, and says whether all subscribers that could be served
     * have been: then no other process need look for it.
     */
    async stored(seq: number): Promise<boolean> {
      feed.note(seq);
      const failures = errors.length;
      try {
        await glance();
      } catch {
        return false;
      }
      await Promise.all(allServed());
      return errors.length <= failures;
    },
    /**
     * Finds the subscribers that are behind, and delivers the waiting events to all of them at once, so none waits for
     * another. May be called at any time and on any number of instances. The first call in this process stays until all
     * is delivered, but for minutes at most; others come back as soon as they have looked.
     *
     * @returns the report of the call that stayed
     * @throws {StorageUnavailable} when something could not be read or written; the next call makes it good
     */
    async dispatch(): Promise<Report | undefined> {
      await look();
      if (staying) return undefined;
      staying = true;
      try {
        const end = now() + STAY_MS;
        while (active.size > 0 && now() < end) await Promise.race(allServed());
      } finally {
        staying = false;
      }
      if (active.size > 0) wakeUp(0);
      const [done, failures] = [report, errors];
      report = { delivered: 0, failed: 0, givenUp: 0 };
      errors = [];
      if (failures.length > 0) throw failures[0];
      return done;
    },
  };
}

function isBehind({ kept, through }: RosterEntry, head: FeedHead): boolean {
  return through < head.seq || (head.log !== undefined && kept.log !== head.log);
}

function atIntervals(milliseconds: number, work: () => void): () => void {
  const timer = setInterval(work, milliseconds);
  return () => clearInterval(timer);
}
