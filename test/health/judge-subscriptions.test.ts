import { expect, test } from "vitest";
import { judgeSubscriptions } from "../../shared/health/check-subscriptions.ts";
import type { SubscriptionView } from "../../shared/schemas/subscription.ts";

const now = Date.parse("2026-01-31T08:00:00Z");
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const subscription = (more: Partial<SubscriptionView> = {}): SubscriptionView => ({
  ...{ id: "an-id-that-is-secret", type: "chat_started", callback: "https://hooks.example.com/…" },
  ...{ format: "payload", batch: 1, policy: "block", createdAt: ago(1_000), cursor: 5, lag: 0 },
  ...{ state: "active", failures: 0, parkedEvents: 0, missed: 0 },
  ...more,
});
const givenUp = subscription({ state: "given_up", waitingSince: ago(10_000), lag: 9 });
const retrying = subscription({ state: "retrying", waitingSince: ago(60), failures: 3 });

test.each<[string, SubscriptionView[], string, RegExp]>([
  ["no subscriptions are ok", [], "ok", /^There are no subscriptions\.$/],
  [
    "subscriptions that get their events are ok",
    [subscription(), subscription({ waitingSince: ago(4) })],
    "ok",
    /^2 subscriptions, none failing\.$/,
  ],
  [
    "a slow subscription that still answers is ok",
    [subscription({ waitingSince: ago(60), lastAnswer: { at: ago(1), status: 200 } })],
    "ok",
    /^1 /,
  ],
  [
    "a failing subscription needs attention",
    [subscription(), retrying],
    "attention",
    /^The last delivery to 1 of 2 subscriptions failed/,
  ],
  [
    "a given-up subscription is bad",
    [givenUp, retrying],
    "bad",
    /^1 of 2 subscriptions is given up and gets no events\. The last delivery to 1 of 2 .* failed\. The app repeats it\.$/,
  ],
  [
    "given-up subscriptions, missed events and parked events are all in the detail",
    [{ ...givenUp, missed: 3, missedAt: ago(60) }, subscription({ parkedEvents: 1 })],
    "bad",
    /^1 of 2 .* given up .* removed 3 events .* 1 event is parked\.$/,
  ],
  [
    "a log that was replaced needs attention for a day",
    [subscription({ restartedAt: ago(60) }), subscription({ restartedAt: ago(2_000) })],
    "attention",
    /^The log was replaced by a new one: 1 of 2 subscriptions restarted at its beginning\.$/,
  ],
  [
    "parked events need attention",
    [subscription({ parkedEvents: 2 }), subscription()],
    "attention",
    /^2 events are parked\.$/,
  ],
  [
    "undelivered events that retention removed need attention for a week",
    [subscription({ missed: 3, missedAt: ago(60) }), subscription({ missed: 9, missedAt: ago(20_000) })],
    "attention",
    /^Retention removed 3 events that 1 of 2 subscriptions had not received\.$/,
  ],
  [
    "a dispatcher that has not run for five minutes is bad",
    [subscription({ waitingSince: ago(6) })],
    "bad",
    /^Nothing is sent to 1 of 1 /,
  ],
  [
    "a dispatcher that stopped is bad, and a given-up subscription stays in the detail",
    [subscription({ waitingSince: ago(60), lastAnswer: { at: ago(6), status: 200 } }), givenUp],
    "bad",
    /^Nothing is sent to 1 of 2 .* 1 of 2 subscriptions is given up/,
  ],
])("%s", (_, subscriptions, state, detail) => {
  const found = judgeSubscriptions(subscriptions, now);
  expect(found).toMatchObject({ state, detail: expect.stringMatching(detail) });
  // Each fault has an action.
  expect(typeof found.action).toBe(state === "ok" ? "undefined" : "string");
  expect(found.detail).not.toMatch(/secret|hooks/);
  if (subscriptions.includes(givenUp)) expect(found.action).toMatch(/\/resume.*DELETE/);
});
