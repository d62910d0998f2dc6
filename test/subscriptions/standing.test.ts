import fc from "fast-check";
import { expect, test } from "vitest";
import type { CallbackAnswer } from "../../shared/subscriptions/post.ts";
import { afterAnswer, FRESH, isDelivered, type Standing } from "../../shared/subscriptions/standing.ts";
import { GIVE_UP_AFTER_MS } from "../../shared/subscriptions/times.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const now = Date.parse("2026-01-31T08:00:00.000Z");
const at = "2026-01-31T08:00:00.000Z";

const pauseAfter = (standing: Standing, answer: CallbackAnswer, random = 0) =>
  Date.parse(afterAnswer(standing, answer, { now, random: () => random }).nextAttemptAt ?? "") - now;

test.each([200, 201, 202, 204, 299])("the status %i is success and resets the failures", (status) => {
  const failing: Standing = { state: "retrying", failures: 7, failingSince: at, nextAttemptAt: at };
  expect(isDelivered({ status })).toBe(true);
  expect(afterAnswer(failing, { status }, { now, random: Math.random })).toEqual({
    state: "active",
    failures: 0,
    lastAnswer: { at, status },
  });
});

const answered = (seconds: number, standing: Standing, answer: CallbackAnswer) =>
  afterAnswer(standing, answer, { now: now + seconds * SECOND, random: Math.random });

test.each([404, 410])("%i three times over a minute gives the subscription up", (status) => {
  const first = answered(0, FRESH, { status });
  const second = answered(59, first, { status: 410 });
  expect([first.state, second.state]).toEqual(["retrying", "retrying"]);
  expect(answered(60, second, { status })).toEqual({
    state: "given_up",
    failures: 3,
    failingSince: at,
    gone: { count: 3, since: at },
    lastAnswer: { at: "2026-01-31T08:01:00.000Z", status },
  });
});

test("404 many times within a minute, or twice in an hour, is tried again", () => {
  let standing = FRESH;
  for (let count = 0; count < 20; count += 1) standing = answered(count * 3, standing, { status: 404 });
  expect(standing.state).toBe("retrying");
  expect(answered(3_600, answered(0, FRESH, { status: 404 }), { status: 404 }).state).toBe("retrying");
});

test("an answer other than 404 and 410 restarts their count", () => {
  let standing = answered(0, FRESH, { status: 404 });
  standing = answered(70, standing, { status: 404 });
  standing = answered(80, standing, { status: 503 });
  standing = answered(90, standing, { status: 404 });
  standing = answered(100, standing, { status: 404 });
  expect(standing.gone).toEqual({ count: 2, since: "2026-01-31T08:01:30.000Z" });
  expect(answered(149, standing, { status: 404 }).state).toBe("retrying");
  expect(answered(150, standing, { status: 404 }).state).toBe("given_up");
});

test.each<CallbackAnswer>([
  { status: 100 },
  { status: 301 },
  { status: 307 },
  { status: 400 },
  { status: 401 },
  { status: 403 },
  { status: 408 },
  { status: 500 },
  { status: 502 },
  { failure: "TIMEOUT" },
  { failure: "ECONNRESET" },
  { failure: "ENOTPUBLIC" },
])("the answer %j is tried again after the first pause", (answer) => {
  expect(isDelivered(answer)).toBe(false);
  expect(afterAnswer(FRESH, answer, { now, random: () => 0 })).toEqual({
    state: "retrying",
    failures: 1,
    failingSince: at,
    nextAttemptAt: "2026-01-31T08:00:00.025Z",
    lastAnswer: { at, ...answer },
  });
});

test("pauses double with each failure, up to a day", () => {
  const failing = (failures: number): Standing => ({ state: "retrying", failures, failingSince: at });
  const pauses = [0, 1, 2, 5, 10, 15, 19, 20, 500].map((failures) =>
    pauseAfter(failing(failures), { status: 500 }),
  );
  expect(pauses).toEqual([25, 50, 100, 800, 25_600, 819_200, 13_107_200, 26_214_400, DAY / 2]);
});

test.each([429, 503])("Retry-After of a %i sets the pause, up to a day", (status) => {
  expect(pauseAfter(FRESH, { status, retryAfter: 90 * SECOND })).toBe(90 * SECOND);
  expect(pauseAfter(FRESH, { status, retryAfter: 30 * DAY })).toBe(DAY);
});

test("Retry-After never shortens a pause and counts only with 429 and 503", () => {
  const failing: Standing = { state: "retrying", failures: 15, failingSince: at };
  expect(pauseAfter(failing, { status: 429, retryAfter: SECOND })).toBe(819_200);
  expect(pauseAfter(FRESH, { status: 500, retryAfter: DAY })).toBe(25);
});

test("a flow that is turned off is tried again after at least 7.5 minutes", () => {
  const off = { status: 400, code: "WorkflowTriggerIsNotEnabled" };
  expect(pauseAfter(FRESH, off)).toBe(7.5 * MINUTE);
  expect(pauseAfter({ state: "retrying", failures: 30, failingSince: at }, off, 0.999)).toBeLessThanOrEqual(
    DAY,
  );
});

test("a subscription is given up after a week of failures", () => {
  const since = (milliseconds: number): Standing => ({
    state: "retrying",
    failures: 25,
    failingSince: new Date(now - milliseconds).toISOString(),
  });
  const after = (standing: Standing) =>
    afterAnswer(standing, { status: 500 }, { now, random: Math.random }).state;
  expect(after(since(GIVE_UP_AFTER_MS - 1))).toBe("retrying");
  expect(after(since(GIVE_UP_AFTER_MS))).toBe("given_up");
});

test("for any failing answers, a subscription is given up after seven to eight days", () => {
  const answer = fc.oneof(
    fc.record({ status: fc.constantFrom(400, 429, 500, 503), retryAfter: fc.nat(3 * DAY) }),
    fc.record({ failure: fc.constantFrom("TIMEOUT", "ECONNREFUSED") }),
  );
  fc.assert(
    fc.property(
      fc.array(answer, { minLength: 1, maxLength: 10 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (answers, random) => {
        let standing = FRESH;
        let time = now;
        for (let count = 0; standing.state !== "given_up"; count += 1) {
          const next = answers[count % answers.length] ?? { status: 500 };
          standing = afterAnswer(standing, next, { seq: 1, now: time, random: () => random });
          expect(standing.failures).toBe(count + 1);
          if (standing.state === "given_up") break;
          const pause = Date.parse(standing.nextAttemptAt ?? "") - time;
          expect(pause).toBeGreaterThanOrEqual(25);
          expect(pause).toBeLessThanOrEqual(DAY);
          time += pause;
        }
        expect(time - now).toBeLessThanOrEqual(GIVE_UP_AFTER_MS + DAY);
        expect(standing.failures).toBeLessThan(60);
      },
    ),
  );
});
