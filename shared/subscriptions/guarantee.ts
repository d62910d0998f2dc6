import { waitAside } from "../core/wait-aside.ts";
import type { MessageReceipt, Queue } from "../storage/open-queue.ts";
import { coalesce } from "./coalesce.ts";
import { GUARANTEE_LEAST_MS, GUARANTEE_MS } from "./times.ts";

/**
 * A queue message that starts another process's delivery if this process dies or is paused before it has delivered
 * the events that it stored. It shows after {@link GUARANTEE_MS}, is postponed while there is work, and taken back
 * when all is done, so that nothing receives it as long as the process lives.
 *
 * @param queue without it the timer delivers what this process leaves
 * @param now milliseconds since the epoch
 */
export function createGuarantee({
  queue,
  now = Date.now,
  wait = waitAside,
}: {
  queue: Queue | undefined;
  now?: () => number;
  wait?: typeof waitAside;
}) {
  /** How many pieces of work are under way. */
  let open = 0;
  /** Some of it was left undone: the message stays. */
  let isLeft = false;
  let message: { receipt: MessageReceipt; showsAt: number } | undefined;
  let isKeeping = false;

  const arm = coalesce(async () => {
    const before = message;
    const showsAt = now() + GUARANTEE_MS;
    if (!queue || open === 0 || (before && before.showsAt - now() >= GUARANTEE_LEAST_MS)) return;
    message = undefined;
    try {
      const receipt = before
        ? await queue.postpone(before.receipt, GUARANTEE_MS).catch(() => queue.put("stored", GUARANTEE_MS))
        : await queue.put("stored", GUARANTEE_MS);
      message = { receipt, showsAt };
    } catch {
      // The timer delivers what this process leaves.
    }
  });

  async function keep(): Promise<void> {
    if (isKeeping) return;
    isKeeping = true;
    while (open > 0) {
      await wait(GUARANTEE_LEAST_MS / 2);
      await arm();
    }
    isKeeping = false;
  }

  async function disarm(): Promise<void> {
    // Nothing is put any more: this waits for the message that is on its way.
    await arm();
    if (open > 0) return;
    const taken = message;
    message = undefined;
    if (isLeft || !taken) isLeft = false;
    else await queue?.takeBack(taken.receipt).catch(() => {});
  }

  return {
    /** Begins a piece of work. Resolves when the message is in the queue, or could not be put there. */
    begin(): Promise<void> {
      open += 1;
      const armed = arm();
      void keep();
      return armed;
    },
    /** Ends it. `isDone` is false when another process is to look for what is left. */
    end(isDone: boolean): void {
      open -= 1;
      isLeft ||= !isDone;
      if (open === 0) void disarm();
    },
  };
}
