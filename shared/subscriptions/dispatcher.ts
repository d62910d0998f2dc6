import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { EventLog } from "../event-log/types.ts";
import { coalesce } from "./coalesce.ts";
import { createFeed } from "./feed.ts";
import type { Answer, Post } from "./post.ts";
import { serve } from "./serve.ts";
import { isDelivered } from "./standing.ts";
import type { Kept, Subscription, Subscriptions } from "./store.ts";

export type DispatcherOptions = {
  subscriptions: Pick<Subscriptions, "list" | "get" | "replace">;
  log: Pick<EventLog, "head" | "list">;
  post: Post;
  /** Has some dispatcher look again, after so many milliseconds. Must not throw. */
  wakeUp: (afterMs: number) => void;
  /** Names this process to the others. */
  holder?: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Uniform in [0, 1). */
  random?: () => number;
  wait?: (milliseconds: number) => Promise<unknown>;
  /** Does something every so many milliseconds, until what it gives is called. */
  every?: (milliseconds: number, work: () => void) => () => void;
};

/** What was done since the last report. */
export type Report = { delivered: number; failed: number; givenUp: number };

export type Dispatcher = {
  /**
   * Looks which subscribers are behind, and delivers to each what it has not got: to all at once, so that none waits for
   * another. May be called at any time and on any number of instances. The first call in this process stays until all is
   * delivered, but for minutes at most; others come back as soon as they have looked.
   *
   * @returns the report of the call that stayed
   * @throws {StorageUnavailable} when something could not be read or written; the next call makes it good
   */
  dispatch(): Promise<Report | undefined>;
  /** Sends nothing more to a subscriber that this process has removed. Other processes learn of it within a second. */
  forget(id: string): void;
};

/** Milliseconds after which a subscriber's deliveries go on under another call. */
const WORK_MS = 60_000;
/** Milliseconds after which a call stays for no more work; with what is begun it is well below five minutes. */
const STAY_MS = 2 * 60_000;
/** Milliseconds between two looks at who is behind: wake-ups may come in crowds. */
const LOOK_MS = 250;
/** Pauses up to this many milliseconds get a wake-up of their own; the timer is soon enough for longer ones. */
const TIMED_PAUSE = 2 * 60_000;

type Slot = {
  /** Somebody has asked for another look since the last one. */
  again: boolean;
  removed: boolean;
  served: Promise<void>;
};

/** Makes the dispatcher of a process. */
export function createDispatcher({
  subscriptions,
  log,
  post,
  wakeUp,
  holder = randomUUID(),
  now = Date.now,
  random = Math.random,
  wait = setTimeout,
  every = atIntervals,
}: DispatcherOptions): Dispatcher {
  const feed = createFeed({ log, now, wait });
  /** Who is being served in this process. */
  const active = new Map<string, Slot>();
  let report: Report = { delivered: 0, failed: 0, givenUp: 0 };
  let errors: unknown[] = [];
  let staying = false;
  /** When somebody looks after what another instance holds now, and may have died over. */
  let recheckAt = 0;
  let lookedAt = 0;

  const look = coalesce(async () => {
    const pause = lookedAt + LOOK_MS - now();
    if (pause > 0) await wait(pause);
    lookedAt = now();
    const [all, seq] = await Promise.all([subscriptions.list(), feed.head()]);
    for (const subscription of all) {
      const slot = active.get(subscription.id);
      if (slot) slot.again = true;
      else if (subscription.cursor < seq && isDue(subscription)) start(subscription);
      else if (subscription.cursor < seq) recheck(subscription);
    }
  });

  function start(subscription: Kept): void {
    const slot = { again: false, removed: false, served: Promise.resolve() };
    active.set(subscription.id, slot);
    slot.served = work(subscription, slot).catch((error) => {
      errors.push(error);
    });
  }

  async function work(found: Kept, slot: Slot): Promise<void> {
    const { id } = found;
    const until = now() + WORK_MS;
    try {
      for (let current: Kept | undefined = found; ; current = await subscriptions.get(id)) {
        const more: boolean =
          current !== undefined && isDue(current) && (await serveOnce(current, slot, until));
        if (!more && !slot.again) return;
        slot.again = false;
      }
    } finally {
      // In one go with the last look at `again`: who asks from here on begins anew.
      active.delete(id);
    }
  }

  /** Whether to look at the subscription again. */
  async function serveOnce(subscription: Kept, slot: Slot, until: number): Promise<boolean> {
    const isRemoved = () => slot.removed;
    const options = {
      subscriptions,
      feed,
      post,
      holder,
      until,
      now,
      random,
      wait,
      every,
      isRemoved,
      onAnswer,
    };
    const served = await serve(subscription, options);
    switch (served.end) {
      case "done":
        // Others that looked meanwhile saw that it was taken, and went away: what they came for is ours to find.
        return (await feed.head()) > served.through;
      case "lost":
        return true;
      case "paused":
        if (served.until - now() <= TIMED_PAUSE) wakeUp(served.until - now());
        return false;
      case "time":
        wakeUp(0);
        return false;
      case "given up":
        report.givenUp += 1;
        return false;
    }
  }

  function onAnswer(answer: Answer): void {
    if (isDelivered(answer)) report.delivered += 1;
    else report.failed += 1;
  }

  function isDue({ standing, lease }: Subscription): boolean {
    if (standing.state === "given_up") return false;
    if (standing.nextAttemptAt !== undefined && Date.parse(standing.nextAttemptAt) > now()) return false;
    return lease === undefined || lease.holder === holder || Date.parse(lease.until) <= now();
  }

  function recheck({ lease }: Subscription): void {
    if (!lease || lease.holder === holder || recheckAt > now()) return;
    recheckAt = Date.parse(lease.until);
    if (recheckAt > now()) wakeUp(recheckAt - now());
  }

  return {
    forget(id) {
      const slot = active.get(id);
      if (slot) slot.removed = true;
    },
    async dispatch() {
      await look();
      if (staying) return undefined;
      staying = true;
      try {
        const end = now() + STAY_MS;
        while (active.size > 0 && now() < end) {
          await Promise.race([...active.values()].map(({ served }) => served));
        }
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

function atIntervals(milliseconds: number, work: () => void): () => void {
  const timer = setInterval(work, milliseconds);
  return () => clearInterval(timer);
}
