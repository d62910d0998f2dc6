import { coalesce } from "../core/coalesce.ts";
import type { waitAside } from "../core/wait.ts";
import type { MessageReceipt, Queue } from "../storage/open-queue.ts";
import { WAKE_MESSAGE_LEAST_MS, WAKE_MESSAGE_MS } from "./times.ts";

/**
 * Keeps a message in the queue while this process stores and delivers events. If this process dies or stops for a
 * while, another process receives the message and delivers the events. The message becomes visible after
 * {@link WAKE_MESSAGE_MS}. It is postponed while this process delivers, and removed when all is delivered.
 *
 * @param queue without a queue, the timer delivers the events that this process leaves
 * @param now milliseconds since the epoch
 */
export function createWakeMessage(
  queue: Queue | undefined,
  { now, wait }: { now: () => number; wait: typeof waitAside },
) {
  /** How many events are being stored or delivered. */
  let unfinished = 0;
  /** The message stays, because some events were not delivered. */
  let isLeft = false;
  let message: { receipt: MessageReceipt; showsAt: number } | undefined;
  let isKeeping = false;

  const arm = coalesce(async () => {
    const before = message;
    const showsAt = now() + WAKE_MESSAGE_MS;
    const isFar = before !== undefined && before.showsAt - now() >= WAKE_MESSAGE_LEAST_MS;
    if (!queue || unfinished === 0 || isFar) return;
    const put = () => queue.put("stored", WAKE_MESSAGE_MS);
    message = undefined;
    try {
      const receipt = before ? await queue.postpone(before.receipt, WAKE_MESSAGE_MS).catch(put) : await put();
      message = { receipt, showsAt };
    } catch {
      // Without the message, the timer delivers the events that this process leaves.
    }
  });

  async function keep(): Promise<void> {
    if (isKeeping) return;
    isKeeping = true;
    while (unfinished > 0) {
      await wait(WAKE_MESSAGE_LEAST_MS / 2);
      await arm();
    }
    isKeeping = false;
  }

  async function disarm(): Promise<void> {
    // `unfinished` is 0, so this puts no message. It waits until a message that is being put has arrived.
    await arm();
    if (unfinished > 0) return;
    const taken = message;
    message = undefined;
    if (isLeft || !taken) isLeft = false;
    else await queue?.takeBack(taken.receipt).catch(() => {});
  }

  return {
    /** Notes that an event is being stored. Resolves when the message is in the queue, or could not be put there. */
    begin(): Promise<void> {
      unfinished += 1;
      const armed = arm();
      void keep();
      return armed;
    },
    /**
     * Notes the end for an event. With `isDone` false the message stays, so that another process delivers the event.
     */
    end(isDone: boolean): void {
      unfinished -= 1;
      isLeft ||= !isDone;
      if (unfinished === 0) void disarm();
    },
  };
}
