import { describe, expect, test } from "vitest";
import type { TriggerData } from "../../local/host/core-types.ts";
import type { Clock } from "../../local/host/listener.ts";
import { readSchedule, startTimer } from "../../local/host/timer.ts";
import { fixture, startHostProcess } from "./host-process.ts";

/** A clock whose time passes only in `passUntil`. */
class ManualClock implements Clock {
  #now: number;
  #sleepers: { until: number; wake: () => void }[] = [];

  constructor(start: string) {
    this.#now = Date.parse(start);
  }

  now = () => this.#now;

  wait = (milliseconds: number, signal: AbortSignal) =>
    new Promise<void>((wake) => {
      if (signal.aborted) wake();
      signal.addEventListener("abort", () => wake());
      this.#sleepers.push({ until: this.#now + milliseconds, wake });
    });

  /** Lets time pass until `end`: ends the waits in order, and lets the code after each run. */
  async passUntil(end: string): Promise<void> {
    for (;;) {
      await settle();
      this.#sleepers.sort((a, b) => a.until - b.until);
      const first = this.#sleepers[0];
      if (!first || first.until > Date.parse(end)) break;
      this.#sleepers.shift();
      this.#now = Math.max(this.#now, first.until);
      first.wake();
    }
    this.#now = Date.parse(end);
  }
}

/** Resolves when all pending microtasks have run. */
const settle = () => new Promise((done) => setImmediate(done));

type TimerInfo = { Schedule: object; ScheduleStatus: Record<string, string> | null; IsPastDue: boolean };

function start(schedule: string, from: string, { isDisabled = false } = {}) {
  const clock = new ManualClock(from);
  const runs: { at: string; info: TimerInfo }[] = [];
  let hold: Promise<void> | undefined;
  const run = async (data: TriggerData) => {
    runs.push({ at: new Date(clock.now()).toISOString(), info: JSON.parse("json" in data ? data.json : "") });
    await hold;
  };
  const timer = startTimer(readSchedule(schedule, "F", clock.now()), run, { clock, isDisabled });
  return {
    clock,
    timer,
    times: () => runs.map(({ at }) => at),
    infos: () => runs.map(({ info }) => info),
    /** Makes all later runs last until the returned function is called. */
    holdRuns() {
      const { promise, resolve } = Promise.withResolvers<void>();
      hold = promise;
      return () => {
        hold = undefined;
        resolve();
      };
    },
  };
}

describe("the schedule", () => {
  test("a timer runs at every occurrence of its schedule, in UTC", async () => {
    const { clock, timer, times } = start("0 */5 * * * *", "2024-01-01T00:00:00.500Z");
    await clock.passUntil("2024-01-01T00:15:00.000Z");
    expect(times()).toEqual([
      "2024-01-01T00:05:00.000Z",
      "2024-01-01T00:10:00.000Z",
      "2024-01-01T00:15:00.000Z",
    ]);
    await timer.stop();
  });

  test("a schedule with a day of the month and a day of the week matches only both", async () => {
    const { clock, timer, times } = start("0 0 9 1 * MON", "2024-01-02T00:00:00Z");
    await clock.passUntil("2024-12-31T00:00:00Z");
    expect(times()).toEqual(["2024-04-01T09:00:00.000Z", "2024-07-01T09:00:00.000Z"]);
    await timer.stop();
  });

  test("a timer runs an occurrence once when it wakes early or the clock is set back", async () => {
    const clock = new ManualClock("2024-01-01T00:00:00Z");
    let back = 0;
    const hasty: Clock = {
      now: () => clock.now() - back,
      wait: (ms, signal) => clock.wait(Math.max(ms - 3, 0) || ms, signal),
    };
    const runs: string[] = [];
    const run = async () => {
      runs.push(new Date(hasty.now()).toISOString());
      back = 500;
    };
    const timer = startTimer(readSchedule("0 * * * * *", "F", hasty.now()), run, { clock: hasty });
    await clock.passUntil("2024-01-01T00:03:30Z");
    expect(runs).toEqual([
      "2024-01-01T00:01:00.000Z",
      "2024-01-01T00:02:00.000Z",
      "2024-01-01T00:03:00.000Z",
    ]);
    await timer.stop();
  });

  test.for(["* * * * *", "@daily", "0 60 * * * *", "", "0 0 0 * * * 2030"])(
    "the schedule %j is refused",
    (schedule) => {
      expect(() => readSchedule(schedule, "F")).toThrow(
        `Function F: the schedule "${schedule}" is not NCRONTAB`,
      );
    },
  );

  test("a schedule with a day that never comes is refused", () => {
    expect(() => readSchedule("0 0 0 30 2 *", "F")).toThrow("never comes due");
  });
});

describe("runs never overlap", () => {
  test("an occurrence during a run is skipped", async () => {
    const { clock, timer, times, holdRuns } = start("0 * * * * *", "2024-01-01T00:00:30Z");
    const release = holdRuns();
    await clock.passUntil("2024-01-01T00:03:30Z");
    expect(times()).toEqual(["2024-01-01T00:01:00.000Z"]);
    release();
    await clock.passUntil("2024-01-01T00:04:00Z");
    expect(times()).toEqual(["2024-01-01T00:01:00.000Z", "2024-01-01T00:04:00.000Z"]);
    await timer.stop();
  });

  test("a manual run waits for the current run", async () => {
    const { clock, timer, times, holdRuns } = start("0 * * * * *", "2024-01-01T00:00:30Z");
    const release = holdRuns();
    await clock.passUntil("2024-01-01T00:01:10Z");
    timer.trigger();
    timer.trigger();
    await settle();
    expect(times()).toHaveLength(1);
    release();
    await settle();
    expect(times()).toHaveLength(3);
    await timer.stop();
  });

  test("a disabled timer runs only by hand", async () => {
    const { clock, timer, times } = start("0 * * * * *", "2024-01-01T00:00:30Z", { isDisabled: true });
    await clock.passUntil("2024-01-01T00:05:00Z");
    expect(times()).toEqual([]);
    timer.trigger();
    await settle();
    expect(times()).toEqual(["2024-01-01T00:05:00.000Z"]);
    await timer.stop();
  });

  test("stop() waits for the current run and starts no other", async () => {
    const { clock, timer, times, holdRuns } = start("0 * * * * *", "2024-01-01T00:00:30Z");
    const release = holdRuns();
    await clock.passUntil("2024-01-01T00:01:00Z");
    timer.trigger();
    let stopped = false;
    const stopping = timer.stop().then(() => {
      stopped = true;
    });
    await settle();
    expect(stopped).toBe(false);
    release();
    await stopping;
    await clock.passUntil("2024-01-01T00:05:00Z");
    expect(times()).toHaveLength(1);
  });
});

describe("the timer object of the function", () => {
  test("the timer object has the last and the current occurrence", async () => {
    const { clock, timer, infos } = start("0 */5 * * * *", "2024-01-01T00:00:00Z");
    await clock.passUntil("2024-01-01T00:10:00Z");
    expect(infos()).toEqual([
      {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: {
          Last: "0001-01-01T00:00:00+00:00",
          Next: "2024-01-01T00:05:00+00:00",
          LastUpdated: "2024-01-01T00:00:00+00:00",
        },
        IsPastDue: false,
      },
      {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: {
          Last: "2024-01-01T00:05:00+00:00",
          Next: "2024-01-01T00:10:00+00:00",
          LastUpdated: "2024-01-01T00:05:00+00:00",
        },
        IsPastDue: false,
      },
    ]);
    await timer.stop();
  });

  test("the timer object has no status for intervals below a minute", async () => {
    const { clock, timer, infos } = start("*/30 * * * * *", "2024-01-01T00:00:00Z");
    await clock.passUntil("2024-01-01T00:01:00Z");
    expect(infos()[0]?.ScheduleStatus).toBeNull();
    await timer.stop();
  });
});

test("the admin route runs a timer with data converted by the library", async () => {
  const host = await startHostProcess({ app: fixture("timers.mjs"), env: { YEARLY: "0 0 0 31 12 *" } });
  const post = (name: string, body?: string) =>
    fetch(`${host.url}/admin/functions/${name}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
  const accepted = await post("yearly", '{"input":""}');
  expect(accepted.status).toBe(202);
  expect(await accepted.text()).toBe("");
  expect((await post("Yearly")).status).toBe(202);
  expect((await post("Failing")).status).toBe(202);
  expect((await post("Unknown")).status).toBe(404);
  expect((await post("Web")).status).toBe(400);
  expect((await post("Yearly", "{")).status).toBe(400);
  expect((await post("Yearly", "x".repeat(100_000))).status).toBe(400);
  await host.line(/the timer failed/);
  // A run that has not begun when the host stops is left out.
  const messages = () => host.log().map(({ message }) => message);
  const runs = () => messages().filter((message) => message.startsWith("timer"));
  await expect.poll(runs).toHaveLength(2);
  expect(await host.stop()).toEqual({ code: 0, signal: null });

  expect(runs()).toHaveLength(2);
  const seen = JSON.parse(runs()[0]?.slice(6) ?? "");
  expect(seen).toMatchObject({ schedule: { adjustForDST: true }, isPastDue: false });
  expect(seen.scheduleStatus.next).toMatch(/^\d{4}-12-31T00:00:00\+00:00$/);
  expect(host.log().find(({ message }) => message.includes("failed"))).toMatchObject({
    level: "error",
    function: "Failing",
  });
});
