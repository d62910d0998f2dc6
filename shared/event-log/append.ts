import { InvalidInput } from "../core/errors.ts";
import type { Timing } from "./append-turns.ts";
import { toBody, uploadBody } from "./bodies.ts";
import { Committer } from "./committer.ts";
import { tooComplex } from "./complexity.ts";
import { readIdentity } from "./event-row.ts";
import { firstEventsOf } from "./first-events.ts";
import { readHead } from "./head.ts";
import { identify } from "./identity.ts";
import { inTime } from "./in-time.ts";
import type { Store } from "./store.ts";
import type { Append, Appended, NewEvent } from "./types.ts";

// How an event gets into the log:
//
// 1. A large body is uploaded into rows of its own (`bodies.ts`).
// 2. `committer.ts` takes the next events of its queue, plans their transaction (`plan-append.ts`) and sends it. The
//    transaction writes the identity, body and row of each event, and the head: all or nothing.
// 3. All deliveries of an event have the same id (`identity.ts`), which is the key of its identity row. Storage refuses
//    to create that row again: that is how a duplicate is recognised. An event with `once` or with a large body is
//    first looked up in the log.
// 4. When the process dies before it answers, LiveChat delivers again and gets `duplicate`. The queue message of
//    `subscriptions/wake-message.ts`, or the timer, makes another process send the callbacks. When only the answer of
//    storage is lost, the nonce in the identity row shows that the row is ours.

export type AppendOptions = {
  /**
   * Called when an append begins. The function that it returns is called and awaited when the append ends, with the
   * event's place if the event was new. Neither may throw.
   */
  onAppend?: () => (seq?: number) => Promise<void>;
  /** Milliseconds after which an append gives up. LiveChat waits 10 s for an answer. */
  timeLimit: number;
};

/** Makes the function that appends events to the log; see `EventLog.append`. */
export function createAppend(
  store: Store,
  { onAppend, timeLimit, ...timing }: AppendOptions & Timing,
): Append {
  const committer = new Committer(store, timing);

  async function append(event: NewEvent, signal: AbortSignal): Promise<Appended> {
    // An event that v2 reported before the move to the Text platform has a time in its id. `identify` would make
    // another id for it, so the app looks for it among the chat's events.
    const ofChat = event.once ? await firstEventsOf(store, event.subjectId, { signal }) : undefined;
    const known = ofChat?.get(event.type);
    if (known) return { status: "duplicate", id: known.id, seq: known.seq };
    const problem = tooComplex(event.raw);
    if (problem !== undefined) throw new InvalidInput(problem);
    const body = await toBody(event.raw);
    if (body.properties.bodyRows) {
      const { licence } = await readHead(store, { signal });
      const id = identify(event, licence);
      // While the log has no licence, an event of another licence may have the same id.
      const isSure = licence !== undefined || event.licence === undefined;
      const found = isSure ? await readIdentity(store, id, { signal }) : undefined;
      if (found) return { status: "duplicate", id, seq: found.seq };
      await uploadBody(store, id, body, { signal });
    }
    return committer.commit(event, body, signal);
  }

  return async (event) => {
    const settled = onAppend?.();
    let seq: number | undefined;
    try {
      const appended = await inTime(timeLimit, (signal) => append(event, signal));
      if (appended.status === "stored") seq = appended.seq;
      return appended;
    } finally {
      await settled?.(seq);
    }
  };
}
