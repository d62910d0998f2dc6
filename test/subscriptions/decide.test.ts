import { describe, expect, test } from "vitest";
import { type DeliveryState, mergeRow, nextDeliveryStep } from "../../shared/subscriptions/decide.ts";
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
  ...{ seq, id: `event-${seq}`, type: "chat_started", occurredAt: iso(now), receivedAt: iso(now) },
  payload: { chat: { id: `C${seq}` } },
  ...more,
});
const kept: KeptSubscription = {
  ...termsOf("https://example.com/hook"),
  ...{ id: "an id", secret: "whsec_", createdAt: iso(now), etag: "1", standing: FRESH },
  ...{ log: "log", cursor: 10, moves: 0, attempts: [], sent: [], missed: 0 },
};
const page = { items: [event(11), event(12)], after: 10, next: 12, readAt: now, erasures: 0 };
/** Lease in hand, two events read, the next one to be sent. */
const state: DeliveryState = {
  ...{ kept, place: { log: "log", cursor: 10, moves: 0 }, standing: FRESH, attempts: [], sent: [], page },
  ...{ lease: { state: "ours", writtenAt: now }, unsaved: 0, deliveredAt: 0, oneByOneThrough: 0 },
};
type Situation = Parameters<typeof nextDeliveryStep>[1];
const situation: Situation = {
  ...{ now, head: { log: "log", seq: 12 } },
  ...{ until: now + 1_000, isRemoved: false, isChanged: false },
};
const next = (more: Partial<DeliveryState> = {}, around: Partial<Situation> = {}) =>
  nextDeliveryStep({ ...state, ...more }, { ...situation, ...around });

describe("the next step", () => {
  test("is to send the next event", () => {
    expect(next()).toEqual({ do: "send", events: [event(11)] });
  });

  test.each<[string, Partial<DeliveryState>, Partial<Situation>, object]>([
    ["removed: ends", {}, { isRemoved: true }, { do: "end", end: { why: "lost" } }],
    [
      "taken by another process: ends",
      { lease: { state: "lost", writtenAt: now } },
      {},
      { do: "end", end: { why: "lost" } },
    ],
    ["changed by this process: writes", {}, { isChanged: true }, { do: "write" }],
    [
      "given up: ends",
      { standing: { ...FRESH, state: "given_up" } },
      {},
      { do: "end", end: { why: "given up" } },
    ],
    ["time is over: ends", {}, { until: now }, { do: "end", end: { why: "time" } }],
    ["another log: finds its place", {}, { head: { log: "other", seq: 12 } }, { do: "find place" }],
    [
      "behind the head of its log: finds its place",
      {},
      { head: { log: "log", seq: 9 } },
      { do: "find place" },
    ],
    ["no name yet: goes on", { place: { cursor: 10, moves: 0 } }, { head: { seq: 12 } }, { do: "send" }],
    ["nothing read: reads", { page: undefined }, {}, { do: "read" }],
    ["a page of later events: reads", { page: { ...page, after: 11 } }, {}, { do: "read" }],
    [
      "all of the page done: reads",
      { place: { ...state.place, cursor: 12 } },
      { head: { log: "log", seq: 13 } },
      { do: "read" },
    ],
    [
      "an erased event: sends the next",
      { page: { ...page, items: [event(11, { payload: undefined }), event(12)] } },
      {},
      { do: "send", events: [event(12)] },
    ],
    [
      "nothing wanted: passes",
      { page: { ...page, items: [event(11, { type: "chat_ended" })] } },
      {},
      { do: "pass", to: 12 },
    ],
    ["no lease: writes", { lease: { state: "free", writtenAt: now } }, {}, { do: "write" }],
    [
      "stood still: writes",
      { lease: { state: "ours", writtenAt: now - LEASE_CERTAIN_MS } },
      {},
      { do: "write" },
    ],
    [
      "a clock that was put back: writes",
      { lease: { state: "ours", writtenAt: now + 1 } },
      {},
      { do: "write" },
    ],
    ["many unsaved: writes", { unsaved: SAVE_EVENTS }, {}, { do: "write" }],
    [
      "a short pause: waits",
      { standing: { ...FRESH, nextAttemptAt: iso(now + SHORT_PAUSE_MS) } },
      {},
      { do: "pause", forMs: SHORT_PAUSE_MS },
    ],
    [
      "a long pause: ends",
      { standing: { ...FRESH, nextAttemptAt: iso(now + SHORT_PAUSE_MS + 1) } },
      {},
      { do: "end", end: { why: "paused", until: now + SHORT_PAUSE_MS + 1 } },
    ],
    [
      "the rate used up: ends",
      { kept: { ...kept, perMinute: 1 }, sent: [[now / 1_000, 1]] },
      {},
      { do: "end", end: { why: "paused", until: now + 61_000 } },
    ],
    [
      "refused five times: parks",
      { standing: { ...FRESH, refused: { seq: 11, count: 5 } } },
      {},
      { do: "park", event: event(11) },
    ],
    [
      "refused five times, unsure of the lease: writes",
      { standing: { ...FRESH, refused: { seq: 11, count: 5 } }, lease: { state: "ours", writtenAt: 0 } },
      {},
      { do: "write" },
    ],
    [
      "another event refused five times: sends",
      { standing: { ...FRESH, refused: { seq: 9, count: 5 } } },
      {},
      { do: "send" },
    ],
    [
      "a batch: sends both",
      { kept: { ...kept, batch: 5 } },
      {},
      { do: "send", events: [event(11), event(12)] },
    ],
    [
      "a batch that was refused: sends one",
      { kept: { ...kept, batch: 5 }, oneByOneThrough: 11 },
      {},
      { do: "send", events: [event(11)] },
    ],
  ])("with %s", (_, more, around, step) => {
    expect(next(more, around)).toMatchObject(step);
  });

  test("at the head is to wait a little after a delivery, and then to end", () => {
    const atHead = { place: { ...state.place, cursor: 12 } };
    expect(next({ ...atHead, deliveredAt: now - 100 })).toEqual({ do: "linger", forMs: LINGER_MS - 100 });
    expect(next({ ...atHead, deliveredAt: now - LINGER_MS })).toEqual({ do: "end", end: { why: "done" } });
    const lease = { state: "free" as const, writtenAt: 0 };
    expect(next({ ...atHead, deliveredAt: now, lease })).toEqual({ do: "end", end: { why: "done" } });
  });
});

describe("a row that others changed", () => {
  const ahead: DeliveryState = { ...state, place: { ...state.place, cursor: 20 } };

  test("by a replay to the place that was written last moves the place there", () => {
    expect(mergeRow(ahead, { ...kept, moves: 1 }).place).toMatchObject({ cursor: 10, moves: 1 });
  });

  test("by a replay sends in batches again, also after a refused one", () => {
    const refused = { ...ahead, oneByOneThrough: 30 };
    expect(mergeRow(refused, { ...kept, moves: 1 }).oneByOneThrough).toBe(0);
    expect(mergeRow(refused, { ...kept, perMinute: 5 }).oneByOneThrough).toBe(30);
  });

  test("by a resumption keeps the place, and starts its standing afresh", () => {
    const failing = { ...FRESH, state: "retrying" as const, failures: 9 };
    const before: DeliveryState = { ...ahead, kept: { ...kept, standing: failing }, standing: failing };
    expect(mergeRow(before, kept)).toMatchObject({ place: { cursor: 20 }, standing: FRESH });
  });

  test("in its terms only keeps place and standing", () => {
    const failing = { ...FRESH, state: "retrying" as const, failures: 1 };
    const changed = mergeRow({ ...ahead, standing: failing }, { ...kept, perMinute: 5 });
    expect(changed).toMatchObject({ kept: { perMinute: 5 }, place: { cursor: 20 }, standing: failing });
  });

  test("by retention is followed forward, and never back", () => {
    expect(mergeRow(ahead, { ...kept, cursor: 15, missed: 5 }).place.cursor).toBe(20);
    expect(mergeRow(ahead, { ...kept, cursor: 35, missed: 5 })).toMatchObject({
      place: { cursor: 35 },
      kept: { missed: 5 },
    });
  });
});

describe("a place", () => {
  const place = { log: "log", cursor: 10, moves: 2 };
  test.each([
    ["of the same log", { log: "log", seq: 12 }, place, place],
    ["of a log without a name", { seq: 12 }, { cursor: 10, moves: 2 }, { cursor: 10, moves: 2 }],
    ["without a name", { log: "log", seq: 12 }, { cursor: 10, moves: 2 }, place],
    [
      "without a name, behind the end",
      { log: "log", seq: 9 },
      { cursor: 10, moves: 2 },
      { ...place, cursor: 0, restartedAt: iso(now) },
    ],
    [
      "of another log",
      { log: "other", seq: 99 },
      place,
      { log: "other", cursor: 0, moves: 2, restartedAt: iso(now) },
    ],
    ["behind the end of its own log", { log: "log", seq: 9 }, place, { ...place, cursor: 9 }],
  ])("%s", (_, head, given, found) => {
    expect(placeIn(head, given, now)).toEqual(found);
  });
});

describe("a lease", () => {
  const leased = { ...kept, lease: { holder: "another", until: "2001-01-01T00:00:00.000Z" } };
  const entry = (kept: KeptSubscription, seenAt = now) => ({ kept, through: 10, seenAt, readAt: now });

  test("that is missing, or our own, ends at once", () => {
    expect(leaseEnds(entry(kept), "we")).toBe(0);
    expect(leaseEnds(entry(leased), "another")).toBe(0);
  });

  test("of another ends when its row has stayed unchanged for its time, by our clock", () => {
    expect(leaseEnds(entry(leased), "we")).toBe(now + LEASE_MS);
    const ahead = { ...leased, lease: { holder: "another", until: "2099-01-01T00:00:00.000Z" } };
    expect(leaseEnds(entry(ahead), "we")).toBe(now + LEASE_MS);
  });

  test("ends sooner when the service's clock shows that the row is old", () => {
    expect(leaseEnds(entry({ ...leased, age: 1_500 }), "we")).toBe(now + LEASE_MS - 1_500);
    expect(leaseEnds(entry({ ...leased, age: 0 }, now - 1_800), "we")).toBe(now - 1_800 + LEASE_MS);
  });

  test("is watched from when the row was first seen as it is", () => {
    const first = withReading(undefined, leased, now);
    expect(withReading(first, leased, now + 900)).toMatchObject({ seenAt: now, readAt: now + 900 });
    const changed = withReading(first, { ...leased, etag: "2", cursor: 11 }, now + 900);
    expect(changed).toMatchObject({ through: 11, seenAt: now + 900 });
  });
});
