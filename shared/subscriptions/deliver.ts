import { toIso } from "../core/time.ts";
import {
  type DeliveryEnd,
  type DeliveryState,
  isWorthWriting,
  JUST_BEGUN,
  mergeRow,
  nextDeliveryStep,
  type Situation,
} from "./decide.ts";
import type { Feed } from "./feed.ts";
import type { OutgoingEvent } from "./message.ts";
import type { Post } from "./post.ts";
import { addRequest } from "./rate.ts";
import { type SentEvents, send } from "./send.ts";
import { afterAnswer, afterParking, isDelivered, isRefusal } from "./standing.ts";
import type { SubscriptionStore } from "./store.ts";
import { type KeptSubscription, logPlaceOf, type Parked, placeIn, toParked } from "./subscription.ts";
import { LAST_ATTEMPTS, LEASE_MS, RENEW_MS } from "./times.ts";
import { countGivenUp, traceDelivery } from "./trace-delivery.ts";

export type DeliverOptions = {
  store: Pick<SubscriptionStore, "get" | "replace">;
  feed: Pick<Feed, "head" | "readHead" | "read" | "isFresh" | "awaitNews">;
  post: Post;
  /** The id of this process. */
  holder: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  wait: (milliseconds: number) => Promise<unknown>;
  /** Calls `work` at this interval until the returned function is called. */
  every: (milliseconds: number, work: () => void) => () => void;
  /** Called after each attempt. The next step waits for the promise that it returns. */
  onAttempt?: (sent: SentEvents, to: KeptSubscription, events: OutgoingEvent[]) => Promise<void> | undefined;
};

/** A delivery in this process. The dispatcher may end it with `until`, and set `isChanged`, at any time. */
export type ActiveDelivery = Pick<Situation, "until" | "isChanged"> & {
  /** A wake-up came during the delivery, so the row is read again at its end. */
  mustReread: boolean;
  /** Resolves at the end: to `false` when storage failed. */
  served: Promise<boolean>;
};

/**
 * Delivers the events after a subscription's cursor in order, step by step as {@link nextDeliveryStep} decides. The
 * cursor passes a wanted event only when it was delivered or parked. So a process that takes over may repeat events,
 * but never skips one, even if this process was only paused.
 *
 * @param from the place to start from: the cursor, or a later place if the log has no wanted event in between
 * @returns why the delivery ended; the last known row; and the place that was reached, which may be later than
 *   the row's
 * @throws {StorageUnavailable} the events since the last write will be sent again
 */
export async function deliver(
  found: KeptSubscription,
  from: number,
  delivery: ActiveDelivery,
  { store, feed, post, holder, now, random, wait, every, onAttempt }: DeliverOptions,
): Promise<{ end: DeliveryEnd; kept: KeptSubscription; readThrough: number }> {
  const { standing, attempts, sent } = found;
  const place = { ...logPlaceOf(found), cursor: from };
  let state: DeliveryState = { kept: found, place, standing, attempts, sent, ...JUST_BEGUN };
  let isWriting = false;
  /** The renewal of the lease that is in progress. A write waits for it, because it depends on its ETag. */
  let renewing: Promise<void> | undefined;
  const stop = every(RENEW_MS, renew);
  try {
    for (;;) {
      const head = await feed.head();
      if (state.page && !feed.isFresh(state.page)) state.page = undefined;
      const step = nextDeliveryStep(state, { ...delivery, now: now(), head });
      switch (step.do) {
        case "find place":
          // The known head may be old, so a place after it can be valid.
          state = { ...state, page: undefined, place: placeIn(await feed.readHead(), state.place, now()) };
          break;
        case "read":
          state.page = await feed.read(state.place.cursor);
          break;
        case "pass":
          state.place = { ...state.place, cursor: step.to };
          break;
        case "write":
          await write();
          break;
        case "pause":
          await wait(step.forMs);
          break;
        case "send":
          await sendNext(step.events);
          break;
        case "park":
          await park(step.event);
          break;
        case "linger":
          await feed.awaitNews(state.place.cursor, step.forMs);
          break;
        case "end": {
          const mustWrite = step.end.why !== "lost" && isWorthWriting(state);
          if (!mustWrite || (await write({ isLast: true })) === "written")
            return { end: step.end, kept: state.kept, readThrough: state.place.cursor };
        }
      }
    }
  } finally {
    stop();
    await renewing;
  }

  async function sendNext(events: OutgoingEvent[]): Promise<void> {
    const { kept } = state;
    const [first] = events as [OutgoingEvent];
    const last = events.at(-1) as OutgoingEvent;
    const at = now();
    const sent = await traceDelivery(events, () => send(events, kept, { post, now }));
    const { answer, attempt } = sent;
    const isAlone = events.length === 1;
    const about = { seq: isAlone ? first.seq : undefined, policy: kept.policy };
    state = {
      ...state,
      standing: afterAnswer(state.standing, answer, { ...about, now: now(), random }),
      attempts: [...state.attempts, attempt].slice(-LAST_ATTEMPTS),
      sent: kept.perMinute === undefined ? [] : addRequest(state.sent, at),
      deliveredAt: now(),
      ...(!isAlone && isRefusal(answer) && { oneByOneThrough: last.seq }),
    };
    if (isDelivered(answer)) {
      state.place = { ...state.place, cursor: last.seq };
      state.unsaved += events.length;
    }
    if (state.standing.state === "given_up") countGivenUp(first);
    await onAttempt?.(sent, kept, events);
  }

  /** Parks an event and moves the cursor past it, in one transaction. */
  async function park(event: OutgoingEvent): Promise<void> {
    const place = { ...state.place, cursor: event.seq };
    const after = { place, standing: afterParking(state.standing) };
    await write({ park: toParked(event, state.standing, now()), after });
  }

  /**
   * Writes the row, which takes, renews or releases the lease. When others have changed the row, it is read instead:
   * the changes are `merged` into the state, or the lease is `lost`.
   */
  async function write({ after, ...change }: RowChange = {}): Promise<"written" | "merged" | "lost"> {
    isWriting = true;
    try {
      await renewing;
      delivery.isChanged = false;
      const at = now();
      const written = await replace({ ...state, ...after }, at, change);
      if (written) {
        const lease = { state: change.isLast ? "free" : "ours", writtenAt: at } as const;
        state = { ...state, ...after, kept: written, lease, unsaved: 0 };
        return "written";
      }
      const current = await store.get(state.kept.id);
      const isOurs = current?.lease?.holder === holder;
      const lease = { state: isOurs ? "ours" : "lost", writtenAt: Number.NEGATIVE_INFINITY } as const;
      state = { ...(isOurs ? mergeRow(state, current) : state), lease };
      return isOurs ? "merged" : "lost";
    } finally {
      isWriting = false;
    }
  }

  /** Renews the lease during a long request. A failure needs no handling: a write comes before the next send. */
  function renew(): void {
    const at = now();
    if (isWriting || renewing || state.lease.state !== "ours" || at - state.lease.writtenAt < RENEW_MS)
      return;
    const renewed = replace(state, at).then((written) => {
      // The state may have changed during the write, so `unsaved` stays.
      if (written) state = { ...state, kept: written, lease: { state: "ours", writtenAt: at } };
    });
    renewing = renewed.catch(() => {}).finally(() => (renewing = undefined));
  }

  function replace(
    { kept, place, standing, attempts, sent }: DeliveryState,
    at: number,
    { isLast = false, park }: Omit<RowChange, "after"> = {},
  ): Promise<KeptSubscription | undefined> {
    const lease = isLast ? undefined : { holder, until: toIso(at + LEASE_MS) };
    return store.replace({ ...kept, ...place, standing, attempts, sent, lease }, { park });
  }
}

/**
 * The parts of a write beside the state: the last one releases the lease. `after` becomes the state when it is
 * written.
 */
type RowChange = { isLast?: boolean; park?: Parked; after?: Pick<DeliveryState, "place" | "standing"> };
