import { isDeepStrictEqual } from "node:util";
import type { FeedHead, FeedPage } from "./feed.ts";
import { isWanted } from "./filter.ts";
import { itemOf, type OutgoingEvent } from "./message.ts";
import { nextRequestAt } from "./rate.ts";
import { isToBeParked, type Standing } from "./standing.ts";
import type { KeptSubscription, LogPlace, Subscription } from "./subscription.ts";
import {
  BATCH_BYTES,
  FRESH_MS,
  LINGER_MS,
  PATIENCE_MS,
  SAVE_EVENTS,
  SETTLE_EVENTS,
  SURE_MS,
} from "./times.ts";

/** All that is known about a subscription while a process delivers to it. */
export type DeliveryState = {
  /** The row as it was last read or written. */
  kept: KeptSubscription;
  place: LogPlace;
  standing: Standing;
  attempts: Subscription["attempts"];
  sent: Subscription["sent"];
  /** Whether the row has our lease, and when we last wrote it: milliseconds since the epoch, by our own clock. */
  lease: { isTaken: boolean; writtenAt: number };
  /** What was read of the log last. */
  page?: FeedPage;
  /** How many events were delivered since the last write. */
  unsaved: number;
  /** When an event was delivered last, in milliseconds since the epoch. */
  deliveredAt: number;
  /** A batch was refused: up to this place events are sent one by one. */
  oneByOneThrough: number;
};

/** The dispatcher's orders for a delivery in progress. */
export type Orders = {
  /** Milliseconds since the epoch after which no further event is begun. */
  until: number;
  /** This process has removed the subscription. */
  isRemoved: boolean;
  /** This process has changed a subscription: the row is read before the next send, and the order is done. */
  isChanged: boolean;
};

/** The orders for a delivery in progress, the present time, and the state of the log. */
export type Situation = Pick<Orders, "until" | "isRemoved"> & {
  /** Milliseconds since the epoch. */
  now: number;
  head: FeedHead;
  /** A page of another edition may hold an event that was erased. */
  edition: number;
};

/** What to do next. */
type DeliveryStep =
  | { do: "find place" }
  | { do: "read" }
  /** Moves the cursor past events that the subscription does not want. */
  | { do: "pass"; to: number }
  /** Writes the row, which takes or renews the lease. */
  | { do: "write" }
  | { do: "pause"; forMs: number }
  | { do: "send"; events: OutgoingEvent[] }
  | { do: "park"; event: OutgoingEvent }
  | { do: "linger"; forMs: number }
  | { do: "end"; end: End };

/**
 * Why delivering ends: nothing that is wanted is left up to the head (`done`); not to be tried `until` then (`paused`);
 * `given up`; out of `time`, with more to do; or `lost`: the subscription was removed, or another process delivers.
 */
export type End = { why: "done" | "given up" | "time" | "lost" } | { why: "paused"; until: number };

/** Decides what to do next for a subscription. */
export function nextDeliveryStep(
  state: DeliveryState,
  { now, head, edition, until, isRemoved }: Situation,
): DeliveryStep {
  const { kept, place, standing, page, lease } = state;
  if (isRemoved) return end({ why: "lost" });
  if (standing.state === "given_up") return end({ why: "given up" });
  if (head.log !== undefined && (place.log !== head.log || place.cursor > head.seq))
    return { do: "find place" };

  const isFresh = page !== undefined && page.edition === edition && now - page.readAt < FRESH_MS;
  const isUsable = isFresh && page.after <= place.cursor;
  const isBehind = place.cursor < head.seq;
  if (!isUsable) return isBehind ? { do: "read" } : pauseAtHead();
  const events = takeBatch(page.items, state);
  const [event] = events;
  if (event === undefined) {
    if (page.next > place.cursor) return { do: "pass", to: page.next };
    return isBehind ? { do: "read" } : pauseAtHead();
  }

  if (standing.refused?.seq === event.seq && isToBeParked(standing))
    return isSure() ? { do: "park", event } : WRITE;
  if (now >= until) return end({ why: "time" });
  const at = Math.max(
    Date.parse(standing.nextAttemptAt ?? "") || 0,
    nextRequestAt(state.sent, kept.perMinute, now),
  );
  if (at - now > PATIENCE_MS) return end({ why: "paused", until: at });
  if (at > now) return { do: "pause", forMs: at - now };
  return isSure() && state.unsaved < SAVE_EVENTS ? { do: "send", events } : WRITE;

  /**
   * Whether the lease is certainly ours. A process that was paused must write the row to find out. A clock that was
   * set back proves nothing.
   */
  function isSure(): boolean {
    const age = now - lease.writtenAt;
    return lease.isTaken && age >= 0 && age < SURE_MS;
  }

  function pauseAtHead(): DeliveryStep {
    const lingering = state.deliveredAt + LINGER_MS - now;
    return lease.isTaken && lingering > 0 ? { do: "linger", forMs: lingering } : end({ why: "done" });
  }
}

const WRITE: DeliveryStep = { do: "write" };
const end = (why: End): DeliveryStep => ({ do: "end", end: why });

/** The next wanted events behind the place that go together in one request. */
function takeBatch(
  events: readonly OutgoingEvent[],
  { kept, place, oneByOneThrough }: DeliveryState,
): OutgoingEvent[] {
  const taken: OutgoingEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (event.seq <= place.cursor || !isWanted(event, kept)) continue;
    if (taken.length === 0 && (kept.batch === 1 || event.seq <= oneByOneThrough)) return [event];
    bytes += Buffer.byteLength(itemOf(event, kept.format)) + 1;
    if (taken.length > 0 && bytes > BATCH_BYTES) break;
    taken.push(event);
    if (taken.length === kept.batch) break;
  }
  return taken;
}

/** Whether the end of a delivery needs a write: to release the lease, or to store a place that moved far. */
export function isWorthWriting({ kept, place, lease }: DeliveryState): boolean {
  return lease.isTaken || place.log !== kept.log || place.cursor - kept.cursor >= SETTLE_EVENTS;
}

/**
 * What is known after others changed the row: an operator who moved the place or changed the standing has the last word;
 * retention, which moves a place forward, is followed as far as it went.
 */
export function merge(state: DeliveryState, found: KeptSubscription): DeliveryState {
  const { kept, place } = state;
  const isMoved = found.moves !== kept.moves;
  const { log, cursor, moves, restartedAt } = found;
  const isChanged = !isDeepStrictEqual(withoutUnset(found.standing), withoutUnset(kept.standing));
  return {
    ...state,
    kept: found,
    place: isMoved
      ? { log, cursor, moves, restartedAt }
      : { ...place, cursor: Math.max(place.cursor, cursor) },
    // Events before a refused batch need not go one by one.
    oneByOneThrough: isMoved ? 0 : state.oneByOneThrough,
    standing: isChanged ? found.standing : state.standing,
  };
}

/** Removes the fields that are not set. */
const withoutUnset = (standing: Standing): unknown => JSON.parse(JSON.stringify(standing));
