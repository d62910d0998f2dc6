import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { coalesce } from "../core/coalesce.ts";
import type { EventLog } from "../event-log/event-log.ts";
import type { DeliveryEnd } from "./decide.ts";
import { type ActiveDelivery, type DeliverOptions, deliver } from "./deliver.ts";
import { createFeed } from "./feed.ts";
import { leaseEnds, Roster, type RosterEntry } from "./roster.ts";
import { isDelivered } from "./standing.ts";
import type { SubscriptionStore } from "./store.ts";
import type { LogHead } from "./subscription.ts";
import { CHECK_GAP_MS, DELIVERY_LIMIT_MS, DISPATCH_LIMIT_MS, TIMED_PAUSE_MS } from "./times.ts";

// How an event reaches a subscriber:
//
// 1. `wake-up.ts`: while an event is stored, a message is put into the queue. It becomes visible after two seconds.
//    This process postpones it while it delivers, and removes it when all is delivered (`wake-message.ts`). So the
//    message is received only after the process has died or stopped for a while. The timer also checks every minute.
// 2. `dispatcher.ts` compares the place of each subscription (`roster.ts`) with the end of the log (`feed.ts`). It
//    starts a delivery for each subscription that is behind, unless another process has its lease.
// 3. `deliver.ts` repeats one loop: `decide.ts` decides the next step from what is known, and the loop takes the
//    step.
// 4. Each write of the subscription's row (`store.ts`) takes or renews the lease, stores the place, and depends on
//    the ETag of the write before. So a process learns by its next write that an operator has changed the
//    subscription, or that another process has taken it.
//
// `filter.ts` chooses the wanted events, `standing.ts` interprets an answer, and `rate.ts` limits the requests.
// `send.ts` makes a request with `message.ts`, `sign.ts` and `post.ts`. `times.ts` has all times and limits.

export type DispatcherOptions = Pick<DeliverOptions, "post" | "onAttempt"> &
  Partial<Pick<DeliverOptions, "holder" | "now" | "random" | "wait" | "every">> & {
    store: Pick<SubscriptionStore, "list" | "get" | "replace">;
    log: Pick<EventLog, "head" | "list">;
    /** Makes the dispatcher of some process check all subscriptions after this many milliseconds. Must not throw. */
    wakeUp: (afterMs: number) => void;
    /** Calls `work` once after this many milliseconds, unless the process has ended. */
    later?: (milliseconds: number, work: () => void) => void;
  };

/** The results since the last report. */
type Report = { delivered: number; failed: number; givenUp: number };

/** Makes the dispatcher of a process. */
export function createDispatcher({
  store,
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
  const feed = createFeed(log, { now, wait });
  const roster = new Roster(store, now);
  const countAttempt: DeliverOptions["onAttempt"] = (sent, to, events) => {
    if (isDelivered(sent.answer)) report.delivered += events.length;
    else report.failed += 1;
    return onAttempt?.(sent, to, events);
  };
  const deliverOptions = { store, feed, post, holder, now, random, wait, every, onAttempt: countAttempt };
  const active = new Map<string, ActiveDelivery>();
  let report: Report = { delivered: 0, failed: 0, givenUp: 0 };
  let errors: unknown[] = [];
  let isStaying = false;
  let isStopping = false;
  /** When all subscriptions were last checked. */
  let checkedAt = Number.NEGATIVE_INFINITY;
  /** When to check again a subscription that another process has leased: that process may have died. */
  let recheckAt = 0;

  /** After a wake-up from any process: reads the head and all subscriptions. Wake-ups may come in bursts. */
  const checkAll = coalesce(async () => {
    const early = checkedAt + CHECK_GAP_MS - now();
    if (early > 0) await wait(early);
    checkedAt = now();
    const [head] = await Promise.all([feed.readHead(), roster.readAll()]);
    for (const delivery of active.values()) delivery.mustReread = true;
    startAll(head);
  });

  /** After this process has stored an event: reads only what is not known. */
  const checkKnown = coalesce(async () => {
    const wasFresh = roster.isFresh;
    if (!wasFresh) await roster.readAll();
    const isLeased = startAll(await feed.head());
    // A lease that was read a while ago may have ended.
    if (wasFresh && isLeased) {
      await roster.readAll();
      startAll(await feed.head());
    }
  });

  /**
   * Starts a delivery for each subscription that is behind and free. Returns whether another process has the lease of
   * one that is behind.
   */
  function startAll(head: LogHead): boolean {
    let isLeased = false;
    if (isStopping) return isLeased;
    for (const entry of roster.entries.values()) {
      if (active.has(entry.kept.id) || !isDue(entry) || !isBehind(entry, head)) continue;
      const freeAt = leaseEnds(entry, holder);
      if (freeAt <= now()) start(entry);
      else {
        isLeased = true;
        recheck(freeAt);
      }
    }
    return isLeased;
  }

  function isDue({ kept: { standing } }: RosterEntry): boolean {
    if (standing.state === "given_up") return false;
    return standing.nextAttemptAt === undefined || Date.parse(standing.nextAttemptAt) <= now();
  }

  /**
   * Checks again when the lease of another process ends: in this process, and by a queue message in case this process
   * has ended by then.
   */
  function recheck(at: number): void {
    if (recheckAt > now()) return;
    recheckAt = at;
    wakeUp(at - now());
    later(at - now(), () => void checkAll().catch(() => {}));
  }

  function start(entry: RosterEntry): void {
    const until = now() + DELIVERY_LIMIT_MS;
    const served = Promise.resolve(true);
    const delivery: ActiveDelivery = { until, isChanged: false, mustReread: false, served };
    active.set(entry.kept.id, delivery);
    delivery.served = serve(entry, delivery).then(
      () => true,
      (error) => {
        errors.push(error);
        return false;
      },
    );
  }

  /** Delivers to a subscription until nothing is left to do for this process. */
  async function serve(first: RosterEntry, delivery: ActiveDelivery): Promise<void> {
    const { id } = first.kept;
    try {
      let entry: RosterEntry | undefined = first;
      for (;;) {
        const isFree = entry && isDue(entry) && leaseEnds(entry, holder) <= now();
        const end = entry && isFree ? await deliverTo(entry, delivery) : undefined;
        if (isStopping) return;
        entry = roster.entries.get(id);
        const mustReread = delivery.mustReread || end?.why === "lost";
        const hasMore = end?.why === "done" && entry !== undefined && isBehind(entry, feed.knownHead());
        if (!mustReread && !hasMore) return;
        delivery.mustReread = false;
        if (mustReread) entry = await roster.read(id);
      }
    } finally {
      // No `await` stands between the last check and this line, so a wake-up from here on starts a new delivery.
      active.delete(id);
    }
  }

  async function deliverTo(
    { kept: found, readThrough: from }: RosterEntry,
    delivery: ActiveDelivery,
  ): Promise<DeliveryEnd> {
    const { end, kept, readThrough } = await deliver(found, from, delivery, deliverOptions);
    if (end.why === "lost") {
      roster.entries.delete(found.id);
      return end;
    }
    roster.record(kept, readThrough);
    if (end.why === "done") {
      // Another process that was woken meanwhile found our lease and ended. So this process reads the head for it.
      if (found.etag !== kept.etag) await feed.readHead();
    } else if (end.why === "given up") report.givenUp += 1;
    else {
      const afterMs = end.why === "paused" ? end.until - now() : 0;
      if (afterMs <= TIMED_PAUSE_MS) wakeUp(afterMs);
    }
    return end;
  }

  const allServed = () => [...active.values()].map(({ served }) => served);

  return {
    /** Notes an erasure: events that were read before are read again. */
    erased: () => feed.recordErasure(),
    /** Ends all deliveries before their next event, and stores their places: the process is about to end. */
    async stop(): Promise<void> {
      isStopping = true;
      for (const delivery of active.values()) delivery.until = Number.NEGATIVE_INFINITY;
      await Promise.all(allServed());
    },
    /**
     * Notes that this process has changed or removed a subscription. Its deliveries follow the change before the next
     * event, and those of other processes within a second.
     */
    changed(): void {
      roster.expire();
      for (const delivery of active.values()) delivery.isChanged = true;
      void checkAll().catch(() => {});
    },
    /**
     * Delivers the event that this process has just stored at `seq`. Returns whether this process has delivered to
     * all subscriptions that were due and free, so that no other process needs to check.
     */
    async stored(seq: number): Promise<boolean> {
      feed.recordStored(seq);
      try {
        await checkKnown();
      } catch {
        return false;
      }
      return (await Promise.all(allServed())).every((isServed) => isServed);
    },
    /**
     * Delivers waiting events to all subscriptions at the same time, so that no subscription waits for another. It
     * may be called at any time and on any number of instances. The first call in this process stays until all is
     * delivered, for {@link DISPATCH_LIMIT_MS} at most; other calls return after their check.
     *
     * @returns the report of the call that stayed
     * @throws {StorageUnavailable} when a read or write failed; the next call tries again
     */
    async dispatch(): Promise<Report | undefined> {
      await checkAll();
      if (isStaying) return undefined;
      isStaying = true;
      try {
        const end = now() + DISPATCH_LIMIT_MS;
        while (active.size > 0 && now() < end) await Promise.race(allServed());
      } finally {
        isStaying = false;
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

/** Whether the log may have events for a subscription; an unknown head may be anywhere. */
function isBehind({ kept, readThrough }: RosterEntry, head: LogHead | undefined): boolean {
  return !head || readThrough < head.seq || (head.log !== undefined && kept.log !== head.log);
}

function atIntervals(milliseconds: number, work: () => void): () => void {
  const timer = setInterval(work, milliseconds);
  return () => clearInterval(timer);
}
