import { describe, expect, test } from "vitest";
import {
  type DeliveryState,
  mergeRow,
  nextDeliveryStep,
  type Situation,
} from "../../shared/subscriptions/decide.ts";
import type { OutgoingEvent } from "../../shared/subscriptions/message.ts";
import { leaseEnds, withReading } from "../../shared/subscriptions/roster.ts";
import { FRESH } from "../../shared/subscriptions/standing.ts";
import { type KeptSubscription, placeIn } from "../../shared/subscriptions/subscription.ts";
import {
  LEASE_CERTAIN_MS,
  LEASE_MS,
  LINGER_MS,
  SAVE_EVENTS,
  SHORT_PAUSE_MS,
} from "../../shared/subscriptions/times.ts";
import { termsOf } from "./world.ts";

const now = Date.parse("2026-01-31T08:00:00Z");
const iso = (time: number) => new Date(time).toISOString();
const event = (seq: number, more: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  seq,
  id: `event-${seq}`,
  type: "chat_started",
  occurredAt: iso(now),
  receivedAt: iso(now),
  payload: { chat: { id: `C${seq}` } },
  ...more,
});
const kept: KeptSubscription = {
  ...termsOf("https://example.com/hook"),
  id: "an id",
  secret: "whsec_",
  createdAt: iso(now),
  etag: "1",
  standing: FRESH,
  log: "log",
  cursor: 10,
  moves: 0,
  attempts: [],
  sent: [],
  missed: 0,
};
const page = { items: [event(11), event(12)], after: 10, next: 12, readAt: now, erasures: 0 };
/** A delivery with its own lease and a page of two events, of which it sends the first next. */
const state: DeliveryState = {
  kept,
  place: { log: "log", cursor: 10, moves: 0 },
  standing: FRESH,
  attempts: [],
  sent: [],
  page,
  lease: { state: "ours", writtenAt: now },
  unsaved: 0,
  deliveredAt: 0,
  oneByOneThrough: 0,
};
const situation: Situation = {
  now,
  head: { log: "log", seq: 12 },
  until: now + 1_000,
  isChanged: false,
};
const next = (more: Partial<DeliveryState> = {}, around: Partial<Situation> = {}) =>
  nextDeliveryStep({ ...state, ...more }, { ...situation, ...around });

describe("nextDeliveryStep", () => {
  test("a delivery with a page and its own lease sends the next event", () => {
    expect(next()).toEqual({ do: "send", events: [event(11)] });
  });

  test.each<[string, Partial<DeliveryState>, Partial<Situation>, object]>([
    [
      "a delivery ends when it has lost the lease or the row",
      { lease: { state: "lost", writtenAt: now } },
      {},
      { do: "end", end: { why: "lost" } },
    ],
    [
      "a delivery writes the row after this process has changed or removed a subscription",
      {},
      { isChanged: true },
      { do: "write" },
    ],
    [
      "a delivery ends when the subscription is given up",
      { standing: { ...FRESH, state: "given_up" } },
      {},
      { do: "end", end: { why: "given up" } },
    ],
    ["a delivery ends when its time is over", {}, { until: now }, { do: "end", end: { why: "time" } }],
    [
      "a delivery finds its place when the log has another name",
      {},
      { head: { log: "other", seq: 12 } },
      { do: "find place" },
    ],
    [
      "a delivery finds its place when the log ends before the cursor",
      {},
      { head: { log: "log", seq: 9 } },
      { do: "find place" },
    ],
    [
      "a delivery sends when the log has no name yet",
      { place: { cursor: 10, moves: 0 } },
      { head: { seq: 12 } },
      { do: "send" },
    ],
    ["a delivery reads when it has no page", { page: undefined }, {}, { do: "read" }],
    [
      "a delivery reads when its page begins after the cursor",
      { page: { ...page, after: 11 } },
      {},
      { do: "read" },
    ],
    [
      "a delivery reads when its page has no event after the cursor",
      { place: { ...state.place, cursor: 12 } },
      { head: { log: "log", seq: 13 } },
      { do: "read" },
    ],
    [
      "a delivery leaves out an erased event and sends the next",
      { page: { ...page, items: [event(11, { payload: undefined }), event(12)] } },
      {},
      { do: "send", events: [event(12)] },
    ],
    [
      "a delivery passes a page without a wanted event",
      { page: { ...page, items: [event(11, { type: "chat_ended" })] } },
      {},
      { do: "pass", to: 12 },
    ],
    [
      "a delivery writes when it has no lease",
      { lease: { state: "free", writtenAt: now } },
      {},
      { do: "write" },
    ],
    [
      "a delivery writes when its last write is 750 ms old",
      { lease: { state: "ours", writtenAt: now - LEASE_CERTAIN_MS } },
      {},
      { do: "write" },
    ],
    [
      "a delivery writes when the clock was set back",
      { lease: { state: "ours", writtenAt: now + 1 } },
      {},
      { do: "write" },
    ],
    [
      "a delivery writes when 20 delivered events are not stored",
      { unsaved: SAVE_EVENTS },
      {},
      { do: "write" },
    ],
    [
      "a delivery waits for a pause of two seconds",
      { standing: { ...FRESH, nextAttemptAt: iso(now + SHORT_PAUSE_MS) } },
      {},
      { do: "pause", forMs: SHORT_PAUSE_MS },
    ],
    [
      "a delivery ends before a longer pause",
      { standing: { ...FRESH, nextAttemptAt: iso(now + SHORT_PAUSE_MS + 1) } },
      {},
      { do: "end", end: { why: "paused", until: now + SHORT_PAUSE_MS + 1 } },
    ],
    [
      "a delivery ends when the rate is used up",
      { kept: { ...kept, perMinute: 1 }, sent: [[now / 1_000, 1]] },
      {},
      { do: "end", end: { why: "paused", until: now + 61_000 } },
    ],
    [
      "a delivery parks an event after five refusals",
      { standing: { ...FRESH, refused: { seq: 11, count: 5 } } },
      {},
      { do: "park", event: event(11) },
    ],
    [
      "a delivery writes before it parks when its lease is not certain",
      { standing: { ...FRESH, refused: { seq: 11, count: 5 } }, lease: { state: "ours", writtenAt: 0 } },
      {},
      { do: "write" },
    ],
    [
      "a delivery sends an event after five refusals of another event",
      { standing: { ...FRESH, refused: { seq: 9, count: 5 } } },
      {},
      { do: "send" },
    ],
    [
      "a delivery sends two events in a batch",
      { kept: { ...kept, batch: 5 } },
      {},
      { do: "send", events: [event(11), event(12)] },
    ],
    [
      "a delivery sends the events of a refused batch one by one",
      { kept: { ...kept, batch: 5 }, oneByOneThrough: 11 },
      {},
      { do: "send", events: [event(11)] },
    ],
  ])("a place %s", (_, more, around, step) => {
    expect(next(more, around)).toMatchObject(step);
  });

  test("a delivery with the lease lingers at the head after its last event", () => {
    const atHead = { place: { ...state.place, cursor: 12 } };
    expect(next({ ...atHead, deliveredAt: now - 100 })).toEqual({ do: "linger", forMs: LINGER_MS - 100 });
    expect(next({ ...atHead, deliveredAt: now - LINGER_MS })).toEqual({ do: "end", end: { why: "done" } });
    const lease = { state: "free" as const, writtenAt: 0 };
    expect(next({ ...atHead, deliveredAt: now, lease })).toEqual({ do: "end", end: { why: "done" } });
  });
});

describe("mergeRow", () => {
  const ahead: DeliveryState = { ...state, place: { ...state.place, cursor: 20 } };

  test("a row that a replay moved to the stored cursor moves the delivery there", () => {
    expect(mergeRow(ahead, { ...kept, moves: 1 }).place).toMatchObject({ cursor: 10, moves: 1 });
  });

  test("a row that a replay moved ends the one-by-one sending of a refused batch", () => {
    const refused = { ...ahead, oneByOneThrough: 30 };
    expect(mergeRow(refused, { ...kept, moves: 1 }).oneByOneThrough).toBe(0);
    expect(mergeRow(refused, { ...kept, perMinute: 5 }).oneByOneThrough).toBe(30);
  });

  test("a row that was resumed resets the delivery's failures", () => {
    const failing = { ...FRESH, state: "retrying" as const, failures: 9 };
    const before: DeliveryState = { ...ahead, kept: { ...kept, standing: failing }, standing: failing };
    expect(mergeRow(before, kept)).toMatchObject({ place: { cursor: 20 }, standing: FRESH });
  });

  test("a row with changed terms keeps the delivery's place and standing", () => {
    const failing = { ...FRESH, state: "retrying" as const, failures: 1 };
    const changed = mergeRow({ ...ahead, standing: failing }, { ...kept, perMinute: 5 });
    expect(changed).toMatchObject({ kept: { perMinute: 5 }, place: { cursor: 20 }, standing: failing });
  });

  test("a row that retention moved never moves the delivery back", () => {
    expect(mergeRow(ahead, { ...kept, cursor: 15, missed: 5 }).place.cursor).toBe(20);
    expect(mergeRow(ahead, { ...kept, cursor: 35, missed: 5 })).toMatchObject({
      place: { cursor: 35 },
      kept: { missed: 5 },
    });
  });
});

describe("placeIn", () => {
  const place = { log: "log", cursor: 10, moves: 2 };
  test.each([
    ["in the same log stays", { log: "log", seq: 12 }, place, place],
    ["in a log without a name stays", { seq: 12 }, { cursor: 10, moves: 2 }, { cursor: 10, moves: 2 }],
    ["without a log gets the log's name", { log: "log", seq: 12 }, { cursor: 10, moves: 2 }, place],
    [
      "without a log, after the end of the log, restarts at the beginning",
      { log: "log", seq: 9 },
      { cursor: 10, moves: 2 },
      { ...place, cursor: 0, restartedAt: iso(now) },
    ],
    [
      "of another log restarts at the beginning",
      { log: "other", seq: 99 },
      place,
      { log: "other", cursor: 0, moves: 2, restartedAt: iso(now) },
    ],
    ["after the end of its own log moves to the end", { log: "log", seq: 9 }, place, { ...place, cursor: 9 }],
  ])("a place %s", (_, head, given, found) => {
    expect(placeIn(head, given, now)).toEqual(found);
  });
});

describe("leaseEnds", () => {
  const leased = { ...kept, lease: { holder: "another", until: "2001-01-01T00:00:00.000Z" } };
  const entry = (kept: KeptSubscription, seenAt = now) => ({ kept, readThrough: 10, seenAt, readAt: now });

  test("a subscription without a lease or with our own lease is free at once", () => {
    expect(leaseEnds(entry(kept), "we")).toBe(0);
    expect(leaseEnds(entry(leased), "another")).toBe(0);
  });

  test("another process's lease ends two seconds after this process first read it", () => {
    expect(leaseEnds(entry(leased), "we")).toBe(now + LEASE_MS);
    const ahead = { ...leased, lease: { holder: "another", until: "2099-01-01T00:00:00.000Z" } };
    expect(leaseEnds(entry(ahead), "we")).toBe(now + LEASE_MS);
  });

  test("another process's lease ends sooner if the row is old by storage's clock", () => {
    expect(leaseEnds(entry({ ...leased, age: 1_500 }), "we")).toBe(now + LEASE_MS - 1_500);
    expect(leaseEnds(entry({ ...leased, age: 0 }, now - 1_800), "we")).toBe(now - 1_800 + LEASE_MS);
  });

  test("a row that is read again unchanged keeps the time when it was first seen", () => {
    const first = withReading(undefined, leased, now);
    expect(withReading(first, leased, now + 900)).toMatchObject({ seenAt: now, readAt: now + 900 });
    const changed = withReading(first, { ...leased, etag: "2", cursor: 11 }, now + 900);
    expect(changed).toMatchObject({ readThrough: 11, seenAt: now + 900 });
  });
});
