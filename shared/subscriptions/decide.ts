import { isDeepStrictEqual } from "node:util";
import type { FeedPage } from "./feed.ts";
import { isWanted } from "./filter.ts";
import { itemOf, type OutgoingEvent } from "./message.ts";
import { nextRequestAt } from "./rate.ts";
import { isToBeParked, type Standing } from "./standing.ts";
import {
  type KeptSubscription,
  type LogHead,
  type LogPlace,
  logPlaceOf,
  type Subscription,
} from "./subscription.ts";
import {
  BATCH_BYTES,
  LEASE_CERTAIN_MS,
  LINGER_MS,
  SAVE_EVENTS,
  SAVE_PASSED_EVENTS,
  SHORT_PAUSE_MS,
} from "./times.ts";

/** A delivery in progress: the row of the subscription, and the changes that are not written yet. */
export type DeliveryState = {
  /** The row as it was last read or written. */
  kept: KeptSubscription;
  place: LogPlace;
  standing: Standing;
  attempts: Subscription["attempts"];
  sent: Subscription["sent"];
  /**
   * `ours`: the row has our lease. `lost`: another process has the lease. `free`: no process has it, as far as we know.
   * `writtenAt`: our last write, in milliseconds since the epoch by our own clock.
   */
  lease: { state: "free" | "ours" | "lost"; writtenAt: number };
  /** The last page that was read; absent when its events must not be sent any more. */
  page?: FeedPage;
  /** How many events were delivered since the last write. */
  unsaved: number;
  /** When the last event was sent, in milliseconds since the epoch. */
  deliveredAt: number;
  /** The last place of a batch that was refused. Events up to it are sent one by one. */
  oneByOneThrough: number;
};

export type Situation = {
  /** Milliseconds since the epoch. */
  now: number;
  head: LogHead;
  /** Milliseconds since the epoch: no event is sent from then on. */
  until: number;
  /**
   * True after this process changed or removed any subscription. The delivery then writes its row before the next
   * send, and the write fails if its row was changed.
   */
  isChanged: boolean;
};

type DeliveryStep =
  /** Finds the place again in a log that was replaced or restored. */
  | { do: "find place" }
  /** Reads the next page of the log. */
  | { do: "read" }
  /** Moves the cursor past events that the subscription does not want. */
  | { do: "pass"; to: number }
  /** Writes the row, which takes or renews the lease. */
  | { do: "write" }
  /** Waits until the next attempt is due. */
  | { do: "pause"; forMs: number }
  | { do: "send"; events: OutgoingEvent[] }
  | { do: "park"; event: OutgoingEvent }
  /** Waits for further events, and keeps the lease meanwhile. */
  | { do: "linger"; forMs: number }
  | { do: "end"; end: DeliveryEnd };

/**
 * Why a delivery ends. `done`: no wanted event is left. `paused`: the next attempt is due at `until`. `given up`: the
 * subscription is given up. `time`: the time is over, and events are left. `lost`: the subscription was removed, or
 * another process has its lease.
 */
export type DeliveryEnd = { why: "done" | "given up" | "time" | "lost" } | { why: "paused"; until: number };

/** The state at the beginning of a delivery, without the parts that come from the row. */
export const JUST_BEGUN = {
  lease: { state: "free", writtenAt: Number.NEGATIVE_INFINITY },
  unsaved: 0,
  deliveredAt: Number.NEGATIVE_INFINITY,
  oneByOneThrough: 0,
} as const;

/** Decides the next step of a delivery. */
export function nextDeliveryStep(
  state: DeliveryState,
  { now, head, until, isChanged }: Situation,
): DeliveryStep {
  const { kept, place, standing, page, lease } = state;
  if (lease.state === "lost") return end({ why: "lost" });
  if (standing.state === "given_up") return end({ why: "given up" });
  if (head.log !== undefined && (place.log !== head.log || place.cursor > head.seq))
    return { do: "find place" };

  const isBehind = place.cursor < head.seq;
  if (page === undefined || page.after > place.cursor) return isBehind ? { do: "read" } : pauseAtHead();
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
  if (at - now > SHORT_PAUSE_MS) return end({ why: "paused", until: at });
  if (at > now) return { do: "pause", forMs: at - now };
  return isSure() && state.unsaved < SAVE_EVENTS ? { do: "send", events } : WRITE;

  /**
   * Whether the lease is certainly ours and the row unchanged. After a pause of the process, or after the clock was
   * set back, only a write can show it.
   */
  function isSure(): boolean {
    const age = now - lease.writtenAt;
    return !isChanged && lease.state === "ours" && age >= 0 && age < LEASE_CERTAIN_MS;
  }

  function pauseAtHead(): DeliveryStep {
    const lingering = state.deliveredAt + LINGER_MS - now;
    return lease.state === "ours" && lingering > 0
      ? { do: "linger", forMs: lingering }
      : end({ why: "done" });
  }
}

const WRITE: DeliveryStep = { do: "write" };
const end = (why: DeliveryEnd): DeliveryStep => ({ do: "end", end: why });

/** The next wanted events after the cursor that are sent in one request. */
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

/** Whether the end of a delivery needs a write: to release the lease, or to store a place that has moved far. */
export function isWorthWriting({ kept, place, lease }: DeliveryState): boolean {
  return lease.state === "ours" || place.log !== kept.log || place.cursor - kept.cursor >= SAVE_PASSED_EVENTS;
}

/**
 * The state of a delivery after others have changed the row. An operator's new place or standing replaces ours.
 * Retention only moves a cursor forward, so the further cursor counts.
 */
export function mergeRow(state: DeliveryState, found: KeptSubscription): DeliveryState {
  const { kept, place } = state;
  const isMoved = found.moves !== kept.moves;
  const isChanged = !isDeepStrictEqual(withoutUnset(found.standing), withoutUnset(kept.standing));
  return {
    ...state,
    kept: found,
    place: isMoved ? logPlaceOf(found) : { ...place, cursor: Math.max(place.cursor, found.cursor) },
    // After a replay, only events of the refused batch itself need to be sent one by one.
    oneByOneThrough: isMoved ? 0 : state.oneByOneThrough,
    standing: isChanged ? found.standing : state.standing,
  };
}

/** Removes the fields that are not set. */
const withoutUnset = (standing: Standing): unknown => JSON.parse(JSON.stringify(standing));
