import { setTimeout } from "node:timers/promises";
import { coalesce } from "./coalesce.ts";

export type WakeUpOptions = {
  /** Puts a message into the queue that shows after so many milliseconds. */
  send: (afterMs: number) => Promise<void>;
  /** Whether there is any subscription. */
  anybody: () => Promise<boolean>;
  /** Milliseconds since the epoch. */
  now?: () => number;
  wait?: (milliseconds: number) => Promise<unknown>;
};

/**
 * Has the dispatcher look at the log, by a message that the queue-triggered function waits for. Nobody waits for these, and
 * nothing fails by them: whatever becomes of a message, a timer looks every minute.
 */
export type WakeUp = {
  /** After an append. Those that come together share a message; where nobody subscribes, none is sent. */
  stored(): void;
  /** After a subscription was made or changed. */
  subscribed(): void;
  /** After so many milliseconds. */
  after(milliseconds: number): void;
};

/** Milliseconds for which an instance believes that nobody, or somebody, subscribes. */
const NOBODY_MS = 5_000;
const SOMEBODY_MS = 60_000;
/** Milliseconds between two messages: whoever is woken by one stays for longer than that. */
const MESSAGE_MS = 250;

export function createWakeUp({ send, anybody, now = Date.now, wait = setTimeout }: WakeUpOptions): WakeUp {
  let known: { somebody: boolean; until: number } | undefined;

  async function isAnybodyThere(): Promise<boolean> {
    if (!known || known.until <= now()) {
      const somebody = await anybody();
      known = { somebody, until: now() + (somebody ? SOMEBODY_MS : NOBODY_MS) };
    }
    return known.somebody;
  }

  let sentAt = 0;
  const wake = coalesce(async () => {
    if (!(await isAnybodyThere())) return;
    const pause = sentAt + MESSAGE_MS - now();
    if (pause > 0) await wait(pause);
    sentAt = now();
    await send(0);
  });
  const quietly = (sending: Promise<void>) => void sending.catch(() => {});

  return {
    stored: () => quietly(wake()),
    subscribed() {
      known = { somebody: true, until: now() + SOMEBODY_MS };
      quietly(send(0));
      // Instances that know of nobody yet do not tell of what they store: somebody looks when they know.
      quietly(send(NOBODY_MS + 1_000));
    },
    after: (milliseconds) => quietly(send(milliseconds)),
  };
}
