import { setImmediate } from "node:timers/promises";
import { waitAside } from "../core/wait-aside.ts";
import type { Queue } from "../storage/open-queue.ts";
import { createGuarantee } from "./guarantee.ts";
import { MESSAGE_WAIT_MS, NONE_KNOWN_MS, SOME_KNOWN_MS } from "./times.ts";

export type WakeUp = ReturnType<typeof createWakeUp>;

/**
 * Has subscribers served: by this process at once, and by any process that a message or the timer wakes. Nothing fails by
 * it, and no caller waits for a delivery: if a message is lost, the timer looks every minute.
 */
export function createWakeUp({
  queue,
  hasSubscriptions,
  deliver,
  now = Date.now,
  wait = waitAside,
}: {
  /** The queue whose messages wake the dispatcher of some process; without it the timer does. */
  queue: Queue | undefined;
  hasSubscriptions: () => Promise<boolean>;
  /** Delivers what this process has stored at `seq`; see `stored` of the dispatcher. */
  deliver: (seq: number) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: typeof waitAside;
}) {
  const guarantee = createGuarantee({ queue, now });
  let known: { isNeeded: boolean; until: number } | undefined;
  let asking: Promise<boolean> | undefined;

  /** Whether there are subscriptions. */
  function isNeeded(): Promise<boolean> {
    if (known && known.until > now()) return Promise.resolve(known.isNeeded);
    asking ??= hasSubscriptions()
      .then(know)
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  function know(isNeeded: boolean): boolean {
    known = { isNeeded, until: now() + (isNeeded ? SOME_KNOWN_MS : NONE_KNOWN_MS) };
    return isNeeded;
  }

  /** Begins a piece of work, if there is a subscription. It does not reject. */
  async function begin(): Promise<{ armed?: Promise<void> }> {
    const begins = await isNeeded().catch(() => false);
    return begins ? { armed: guarantee.begin() } : {};
  }

  const send = (afterMs: number) => void queue?.put("wake up", afterMs).catch(() => {});

  return {
    /**
     * Around an append: the message that is the guarantee for its delivery is put while the event is stored. The function
     * that this gives is called with the event's place, or without one if nothing was stored; it waits for the message, but
     * not for long.
     */
    storing(): (seq?: number) => Promise<void> {
      // In a process that has just started, the first answer waits neither for the table and the queue, nor for the code.
      const begun = known && begin();
      return async (seq) => {
        const serving = (begun ?? setImmediate().then(begin)).then(async ({ armed }) => {
          if (!armed) return;
          const delivering = seq === undefined ? Promise.resolve(true) : deliver(seq);
          void delivering.catch(() => false).then((isDone) => guarantee.end(isDone));
          await armed;
        });
        if (begun) await Promise.race([serving, wait(MESSAGE_WAIT_MS)]);
      };
    },
    /** After a subscription was made or changed. */
    subscribed(): void {
      know(true);
      send(0);
      // For events stored by instances that still believe that there are no subscriptions.
      send(NONE_KNOWN_MS + 1_000);
    },
    /** After so many milliseconds. */
    after: send,
  };
}
