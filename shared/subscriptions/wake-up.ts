import { setImmediate } from "node:timers/promises";
import { lazy } from "../core/lazy.ts";
import { waitAside } from "../core/wait.ts";
import type { Queue } from "../storage/open-queue.ts";
import { MESSAGE_WAIT_MS, NONE_KNOWN_MS, SOME_KNOWN_MS } from "./times.ts";
import { createWakeMessage } from "./wake-message.ts";

export type WakeUp = ReturnType<typeof createWakeUp>;

/**
 * Makes the functions that start deliveries after an append or a change of a subscription: at once in this process,
 * and by a queue message in another one. They never fail, and never wait for a delivery. When a message is lost, the
 * timer delivers within a minute.
 */
export function createWakeUp({
  queue,
  hasSubscriptions,
  deliver,
  now = Date.now,
  wait = waitAside,
}: {
  /** Its messages wake the dispatcher of some process. Without a queue only the timer does. */
  queue: Queue | undefined;
  hasSubscriptions: () => Promise<boolean>;
  /** Delivers the event that this process has stored at `seq`: see `stored` of the dispatcher. */
  deliver: (seq: number) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: typeof waitAside;
}) {
  const message = createWakeMessage(queue, { now, wait });
  /** Whether there are subscriptions, as far as this process knows. */
  let known: { isNeeded: boolean; until: number } | undefined;
  const ask = lazy(async () => know(await hasSubscriptions()), { freshFor: NONE_KNOWN_MS, now });
  const isNeeded = async () => (known && known.until > now() ? known.isNeeded : ask());

  function know(isNeeded: boolean): boolean {
    known = { isNeeded, until: now() + (isNeeded ? SOME_KNOWN_MS : NONE_KNOWN_MS) };
    return isNeeded;
  }

  /** Notes that an event is being stored, if there is a subscription. Never rejects. */
  async function begin(): Promise<{ armed?: Promise<void> }> {
    const begins = await isNeeded().catch(() => false);
    return begins ? { armed: message.begin() } : {};
  }

  const send = (afterMs: number) => void queue?.put("wake up", afterMs).catch(() => {});

  return {
    /**
     * Called before an append, so that the wake message is put into the queue while the event is stored. The
     * caller calls the returned function after the append, with the event's place if the event was stored. The function
     * waits for the message, but at most {@link MESSAGE_WAIT_MS}.
     */
    storing(): (seq?: number) => Promise<void> {
      // The first append of a process does not wait for the table, the queue, or the code of the dispatcher.
      const begun = known && begin();
      return async (seq) => {
        const serving = (begun ?? setImmediate().then(begin)).then(async ({ armed }) => {
          if (!armed) return;
          const delivering = seq === undefined ? Promise.resolve(true) : deliver(seq);
          void delivering.catch(() => false).then((isDone) => message.end(isDone));
          await armed;
        });
        if (begun) await Promise.race([serving, wait(MESSAGE_WAIT_MS)]);
      };
    },
    /** Called after a subscription was created or changed. */
    subscribed(): void {
      know(true);
      send(0);
      // Instances that found no subscription a moment ago do not deliver yet: this message delivers their events.
      send(NONE_KNOWN_MS + 1_000);
    },
    /** Wakes the dispatcher of some process after this many milliseconds. */
    after: send,
  };
}
