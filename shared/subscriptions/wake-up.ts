import { setTimeout } from "node:timers/promises";
import type { Queue } from "../storage/open-queue.ts";
import { createGuarantee } from "./guarantee.ts";

export type WakeUpOptions = {
  /** The queue whose messages wake the dispatcher of some process; without it the timer does. */
  queue?: Queue;
  /** Whether there is any subscription. */
  anybody: () => Promise<boolean>;
  /** Delivers what this process has stored at `seq`; see `Dispatcher.stored`. */
  deliver: (seq: number) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: (milliseconds: number) => Promise<unknown>;
};

/**
 * Has subscribers served: by this process at once, and by any process that a message or the timer wakes. Nothing fails by
 * it, and no caller waits for a delivery: if a message is lost, the timer looks every minute.
 */
export type WakeUp = {
  /**
   * Around an append: the message that is the guarantee for its delivery is put while the event is stored. The function
   * that this gives is called with the event's place, or without one if nothing was stored; it waits for the message, but
   * not for long.
   */
  storing(): (seq?: number) => Promise<void>;
  /** After a subscription was made or changed. */
  subscribed(): void;
  /** After so many milliseconds. */
  after(milliseconds: number): void;
};

/** Milliseconds for which an instance believes that nobody, or somebody, subscribes. */
const NOBODY_MS = 5_000;
const SOMEBODY_MS = 60_000;
/** Milliseconds that an append waits for its message at most, once the event is stored. */
const MESSAGE_MS = 100;

export function createWakeUp({
  queue = NO_QUEUE,
  anybody,
  deliver,
  now = Date.now,
  wait = (milliseconds) => setTimeout(milliseconds, undefined, { ref: false }),
}: WakeUpOptions): WakeUp {
  const guarantee = createGuarantee({ queue, now });
  let known: { somebody: boolean; until: number } | undefined;
  let asking: Promise<boolean> | undefined;

  function isAnybodyThere(): Promise<boolean> {
    if (known && known.until > now()) return Promise.resolve(known.somebody);
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  async function ask(): Promise<boolean> {
    const somebody = await anybody();
    known = { somebody, until: now() + (somebody ? SOMEBODY_MS : NOBODY_MS) };
    return somebody;
  }

  /** Begins a piece of work, if there is a subscription. It does not reject. */
  async function begin(): Promise<{ armed?: Promise<void> }> {
    const somebody = await isAnybodyThere().catch(() => false);
    return somebody ? { armed: guarantee.begin() } : {};
  }

  const send = (afterMs: number) => void queue.put("wake up", afterMs).catch(() => {});

  return {
    storing() {
      // In a process that has just started, the first answer does not wait for what it takes to ask and to put a message.
      const begun = known && begin();
      return async (seq) => {
        const serving = (begun ?? begin()).then(async ({ armed }) => {
          if (!armed) return;
          const delivering = seq === undefined ? Promise.resolve(true) : deliver(seq);
          void delivering.catch(() => false).then((isDone) => guarantee.end(isDone));
          await armed;
        });
        if (begun) await Promise.race([serving, wait(MESSAGE_MS)]);
      };
    },
    subscribed() {
      known = { somebody: true, until: now() + SOMEBODY_MS };
      send(0);
      // Instances that know of nobody yet do not tell of what they store: somebody looks when they know.
      send(NOBODY_MS + 1_000);
    },
    after: send,
  };
}

/** Where there is none. */
const NO_QUEUE: Queue = {
  put: () => Promise.reject(new Error("There is no queue.")),
  postpone: () => Promise.reject(new Error("There is no queue.")),
  takeBack: () => Promise.reject(new Error("There is no queue.")),
};
