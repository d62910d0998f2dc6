import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { TooManyRequests } from "../../shared/core/errors.ts";
import { Throttled } from "../../shared/livechat/after-429.ts";
import { delay } from "../../shared/livechat/delay.ts";
import type { Priority } from "../../shared/livechat/plan-turns.ts";
import { RateLimit } from "../../shared/livechat/rate-limit.ts";
import { answer, connect, failureOf, startUpstream, useVirtualTime, virtually } from "./upstream.ts";

const MINUTE = 60_000;

type Plan = {
  /** When the call is made, in milliseconds after the beginning. */
  at: number;
  priority: Priority;
  /** The time for which the call is in flight. */
  takes: number;
  /** The longest wait for its turn. */
  patience: number;
  /** The `Retry-After` of the 429 in which the call ends, in milliseconds; absent for a success. */
  refusal?: number;
};
type Course = Plan & { sent?: number; ended?: number; refused?: number; error?: unknown };

/** Plays calls in virtual time. Returns them in the order in which they were sent or refused. */
async function play(rateLimit: RateLimit, plans: readonly Plan[]): Promise<Course[]> {
  const began = Date.now();
  const now = () => Date.now() - began;
  const courses: Course[] = [];
  const calls = plans.map(async (plan) => {
    await delay(plan.at);
    const course: Course = { ...plan };
    const send = async () => {
      courses.push(course);
      course.sent = now();
      await delay(plan.takes);
      course.ended = now();
      if (plan.refusal !== undefined) throw new Throttled("LiveChat", plan.refusal);
    };
    const turn = { priority: plan.priority, repeated: false, patience: plan.patience };
    await rateLimit.run(send, turn).catch((error: unknown) => {
      course.error = error;
      if (error instanceof Throttled) return;
      course.refused = now();
      courses.push(course);
    });
  });
  await vi.runAllTimersAsync();
  await Promise.all(calls);
  return courses;
}

const wasSent = (course: Course): course is Course & { sent: number } => course.sent !== undefined;

function plans({
  priorities = ["operator", "background"] as Priority[],
  longest = 20_000,
  refusals = true,
} = {}) {
  const plan = fc.record({
    at: fc.oneof(
      fc.integer({ min: 0, max: 200 }).map((step) => step * 1_000),
      fc.nat(150_000),
    ),
    priority: fc.constantFrom(...priorities),
    takes: fc.nat(longest),
    patience: fc.oneof(fc.constant(0), fc.nat(25_000), fc.nat(300_000)),
    refusal: refusals
      ? fc.option(fc.oneof(fc.constant(0), fc.nat(30_000)), { nil: undefined, freq: 5 })
      : fc.constant(undefined),
  });
  return fc.array(plan, { minLength: 1, maxLength: 40 }).map((all) => all.sort((a, b) => a.at - b.at));
}

beforeEach(useVirtualTime);

describe("properties of any order of calls", () => {
  it("in any order of calls, at most the limit is sent in 60 s, operators first", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        plans(),
        async (limit, concurrency, plan) => {
          const courses = await play(
            new RateLimit("LiveChat", limit, { concurrency, random: () => 0.5 }),
            plan,
          );
          const sent = courses.filter(wasSent);
          expect(courses).toHaveLength(plan.length);

          for (const [index, { sent: at, priority }] of sent.entries()) {
            const before = sent.slice(0, index).filter((other) => other.sent > at - MINUTE);
            expect(before.length).toBeLessThan(limit);
            expect(sent.slice(0, index).filter(({ ended = 0 }) => ended > at).length).toBeLessThan(
              concurrency,
            );
            if (priority === "operator") continue;
            expect(before.length).toBeLessThan(Math.max(1, limit * 0.8));
            const passedOver = courses.filter(
              (other) =>
                other.priority === "operator" && other.at < at && (other.sent ?? other.refused ?? 0) > at,
            );
            expect(passedOver).toEqual([]);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("in any order of calls, each ends in its time and none begins in a pause", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), plans(), async (limit, plan) => {
        const courses = await play(
          new RateLimit("LiveChat", limit, { concurrency: 3, random: () => 0.5 }),
          plan,
        );
        for (const { sent, refused, at, patience, error } of courses) {
          expect(sent ?? refused).toBeLessThanOrEqual(at + patience + 1);
          if (refused === undefined) continue;
          expect(error).toBeInstanceOf(TooManyRequests);
          expect((error as TooManyRequests).retryAfter).toBeGreaterThanOrEqual(1);
        }
        for (const { ended, refusal } of courses) {
          if (ended === undefined || refusal === undefined) continue;
          const early = courses.filter(({ sent = 0 }) => sent > ended && sent < ended + refusal);
          expect(early).toEqual([]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("in any order of calls, each is sent or refused as early as the limit allows", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        plans({ priorities: ["operator"], longest: 0, refusals: false }),
        async (limit, plan) => {
          const courses = await play(new RateLimit("LiveChat", limit, { concurrency: 100 }), plan);
          const starts: number[] = [];
          const expected = plan.map(({ at, patience }) => {
            const start = Math.max(at, (starts.at(-limit) ?? Number.NEGATIVE_INFINITY) + 61_000);
            if (start > at + patience) return `refused at ${at}`;
            starts.push(start);
            return `sent at ${start}`;
          });
          const came = courses.map(({ sent, refused }) =>
            sent === undefined ? `refused at ${refused}` : `sent at ${sent}`,
          );
          expect(came.sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 150 },
    );
  });
});

const call = (at: number, more: Partial<Plan> = {}): Plan => ({
  at,
  priority: "operator",
  takes: 0,
  patience: 24_000,
  ...more,
});

it("a call with too long a wait for our limit is refused at once with that wait", async () => {
  const courses = await play(new RateLimit("LiveChat", 2), [
    call(0),
    call(10_000),
    call(10_000),
    call(37_000),
  ]);
  expect(courses.map(({ sent, refused }) => [sent, refused])).toEqual([
    [0, undefined],
    [10_000, undefined],
    [undefined, 10_000],
    [61_000, undefined],
  ]);
  expect(courses[2]?.error).toMatchObject({
    retryAfter: 51,
    message: "This app's limit of 2 calls to LiveChat in 60 seconds is used up. Try again in 51 s.",
  });
});

it("a background call is refused as soon as later calls of operators take its place", async () => {
  const background = call(40_000, { priority: "background" });
  const courses = await play(new RateLimit("LiveChat", 2), [
    call(0),
    call(0),
    background,
    call(50_000),
    call(50_000),
  ]);
  expect(courses.at(2)).toMatchObject({
    priority: "background",
    refused: 50_000,
    error: { retryAfter: 72 },
  });
});

it("a call is refused when calls in flight take too long", async () => {
  const courses = await play(new RateLimit("LiveChat", 10, { concurrency: 1 }), [
    call(0, { takes: 60_000 }),
    call(0),
  ]);
  expect(courses[1]).toMatchObject({ refused: 24_001, error: { retryAfter: 1 } });
});

describe("background calls", () => {
  const background = (at: number) => call(at, { priority: "background", patience: 100 });

  it("background calls leave the last fifth of the limit to operators", async () => {
    const courses = await play(new RateLimit("LiveChat", 10), [
      ...Array.from({ length: 5 }, () => call(0)),
      ...Array.from({ length: 5 }, () => background(1_000)),
      ...Array.from({ length: 3 }, () => call(2_000, { patience: 0 })),
    ]);
    const sent = courses.filter(wasSent).map(({ at, priority }) => `${priority} ${at}`);
    expect(sent).toEqual([
      ...Array(5).fill("operator 0"),
      ...Array(3).fill("background 1000"),
      ...Array(2).fill("operator 2000"),
    ]);
  });

  it("a background call leaves the last fifth to operators that came after it", async () => {
    const courses = await play(new RateLimit("LiveChat", 5, { concurrency: 1 }), [
      call(0, { takes: 1_000 }),
      call(10, { priority: "background", patience: 100_000 }),
      ...Array.from({ length: 3 }, () => call(20)),
    ]);
    expect(courses.at(-1)).toMatchObject({ priority: "background", sent: expect.closeTo(61_000, -1) });
  });

  it("a background call is sent under a limit of one call", async () => {
    expect((await play(new RateLimit("LiveChat", 1), [background(0)]))[0]).toMatchObject({ sent: 0 });
  });

  it("background calls are sent one at a time, in their order", async () => {
    const calls = [1, 2, 3].map((takes) => call(0, { priority: "background", takes: takes * 100 }));
    const courses = await play(new RateLimit("LiveChat", 10), calls);
    expect(courses.map(({ sent }) => sent)).toEqual([0, 100, 300]);
  });
});

it("a repetition is sent before calls that came later", async () => {
  const rateLimit = new RateLimit("LiveChat", 100, { concurrency: 1 });
  const order: string[] = [];
  const spend = (name: string, repeated: boolean) =>
    rateLimit.run(
      async () => {
        order.push(name);
        await delay(10);
      },
      { priority: "operator", repeated, patience: 1_000 },
    );
  const all = [spend("in flight", false), spend("new", false), spend("again", true)];
  await vi.runAllTimersAsync();
  await Promise.all(all);
  expect(order).toEqual(["in flight", "again", "new"]);
});

describe("the pause after a 429", () => {
  it("a 429 delays calls until its pause ends, or refuses them at once", async () => {
    const rateLimit = new RateLimit("LiveChat", 100, { concurrency: 1 });
    const courses = await play(rateLimit, [
      call(0, { takes: 100, refusal: 20_000 }),
      call(0),
      call(0, { patience: 5_000 }),
      call(1_000),
      call(1_000, { patience: 10_000 }),
      call(1_000, { priority: "background" }),
    ]);
    const by = (field: "sent" | "refused") =>
      courses.map((course) => course[field]).filter((at) => at !== undefined);
    // Calls run one after the other, and each takes a moment.
    expect(by("sent")).toEqual([0, 20_100, expect.closeTo(20_100, -1), expect.closeTo(20_100, -1)]);
    expect(by("refused")).toEqual([100, 1_000]);
    expect(courses.find(({ refused }) => refused === 100)?.error).toMatchObject({
      retryAfter: 20,
      message: "LiveChat's limit is used up. Try again in 20 s.",
    });
  });

  it("of several 429s, the one with the longest pause counts", async () => {
    const courses = await play(new RateLimit("LiveChat", 100), [
      call(0, { takes: 100, refusal: 1_000 }),
      call(0, { takes: 200, refusal: 10_000 }),
      call(0, { takes: 300, refusal: 1_000 }),
      call(500),
    ]);
    expect(courses.at(-1)).toMatchObject({ at: 500, sent: 10_200 });
  });

  it("the pause after 429s without Retry-After grows until a call succeeds", async () => {
    const rateLimit = new RateLimit("LiveChat", 100, { random: () => 1 });
    const ends = ["refused", "refused", "well", "refused", "well"];
    const sent: number[] = [];
    const began = Date.now();
    for (const end of ends) {
      const send = async () => {
        sent.push(Date.now() - began);
        if (end === "refused") throw new Throttled("LiveChat");
      };
      const turn = { priority: "operator" as const, repeated: false, patience: 24_000 };
      await Promise.all([rateLimit.run(send, turn).catch(() => {}), vi.runAllTimersAsync()]);
    }
    expect(sent).toEqual([0, 1_000, 3_000, 3_000, 4_000].map((at) => expect.closeTo(at, -1)));
  });

  it("a 429 halves the number of parallel calls until successful rounds raise it", async () => {
    const rateLimit = new RateLimit("LiveChat", 100, { concurrency: 8, random: () => 0 });
    const burst = (at: number, more: Partial<Plan> = {}) =>
      Array.from({ length: 8 }, () => call(at, { takes: 100, ...more }));
    const courses = await play(rateLimit, [
      ...burst(0, { refusal: 1_000 }),
      ...burst(5_000),
      ...burst(10_000),
      ...burst(15_000),
    ]);
    const inRow = (at: number) =>
      courses.filter((course) => course.at === at).map(({ sent = 0 }) => sent - at);
    expect(inRow(0)).toEqual(Array(8).fill(0));
    expect(inRow(5_000)).toEqual([...Array(4).fill(0), ...Array(4).fill(100)]);
    expect(inRow(10_000)).toEqual([...Array(5).fill(0), ...Array(3).fill(100)]);
    expect(inRow(15_000)).toEqual([...Array(7).fill(0), 100]);
  });
});

it("usage shows sent, running and waiting calls and the rest of the pause", async () => {
  const rateLimit = new RateLimit("LiveChat", 3, { concurrency: 1 });
  const spend = async (refusal?: number) => {
    const send = async () => {
      await delay(1_000);
      if (refusal !== undefined) throw new Throttled("LiveChat", refusal);
    };
    await rateLimit.run(send, { priority: "operator", repeated: false, patience: 24_000 }).catch(() => {});
  };
  const calls = [spend(), spend(5_000), spend()];
  await vi.advanceTimersByTimeAsync(500);
  expect(rateLimit.usage()).toEqual({ limit: 3, used: 1, inFlight: 1, waiting: 2, pausedFor: 0 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(rateLimit.usage()).toEqual({ limit: 3, used: 2, inFlight: 0, waiting: 1, pausedFor: 4_500 });
  await vi.advanceTimersByTimeAsync(120_000);
  await Promise.all(calls);
  expect(rateLimit.usage()).toEqual({ limit: 3, used: 0, inFlight: 0, waiting: 0, pausedFor: 0 });
});

describe("through the client", () => {
  it("repetitions use up the limit, for background calls before operators' calls", async () => {
    const { url, arrivals } = await startUpstream((response) => answer(response, 500));
    const liveChat = connect(url, { rateLimit: 10, random: () => 0 });
    const list = (priority: Priority) => virtually(liveChat, liveChat.listAgents({}, { priority }));
    for (const _ of [1, 2]) await failureOf(list("background"));
    expect(arrivals).toHaveLength(6);
    expect(await failureOf(list("background"))).toMatchObject({ status: 429, retryAfter: 61 });
    expect(arrivals).toHaveLength(8);
    expect(await failureOf(list("operator"))).toMatchObject({ status: 429 });
    expect(arrivals).toHaveLength(10);
    expect(liveChat.usage()).toMatchObject({ limit: 10, used: 10, waiting: 0 });
  });
});
