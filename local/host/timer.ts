import { Cron } from "croner";
import type { TriggerData } from "./core-types.ts";
import { type Clock, type Listener, systemClock, toHostTime } from "./listener.ts";
import { StartError } from "./start-error.ts";

/** The longest wait that `setTimeout` can do, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Reads an NCRONTAB expression with six fields, in UTC.
 *
 * @throws StartError when it is not a schedule, or never comes due.
 */
export function readSchedule(schedule: string, functionName: string, now = Date.now()): Cron {
  const refuse = (why: string) =>
    new StartError(`Function ${functionName}: the schedule "${schedule}" ${why}`);
  let cron: Cron;
  try {
    // NCRONTAB wants both the day of the month and the day of the week to match, and it knows `5/15`.
    cron = new Cron(schedule, {
      mode: "6-part",
      timezone: "UTC",
      domAndDow: true,
      sloppyRanges: true,
      paused: true,
    });
  } catch (error) {
    throw refuse(`is not NCRONTAB with six fields: ${error instanceof Error ? error.message : error}`);
  }
  if (!cron.nextRun(new Date(now))) throw refuse("never comes due");
  return cron;
}

/**
 * Runs a timer function on its schedule, never twice at the same time: what falls due during a run is skipped, as on
 * the real host, and a run by hand waits for its turn.
 *
 * @param run runs the function with the timer's data; does not reject.
 */
export function startTimer(
  cron: Cron,
  run: (data: TriggerData) => Promise<void>,
  { clock = systemClock }: { clock?: Clock } = {},
): Listener {
  // The real host keeps the status of schedules for intervals of a minute and more.
  const monitored = interval(cron, clock.now()) >= 60_000;
  const stopping = new AbortController();
  let last = "0001-01-01T00:00:00+00:00";
  let lastUpdated = toHostTime(clock.now());
  let running = Promise.resolve();

  /** Runs the function after the current run; `due` is the occurrence that is passed to it. */
  function runInTurn(due: () => number): Promise<void> {
    running = running.then(() => {
      if (stopping.signal.aborted) return;
      const status = { Last: last, Next: toHostTime(due()), LastUpdated: lastUpdated };
      const info = {
        Schedule: { AdjustForDST: true },
        ScheduleStatus: monitored ? status : null,
        IsPastDue: false,
      };
      return run({ json: JSON.stringify(info) });
    });
    return running;
  }

  async function keepSchedule(): Promise<void> {
    let after = clock.now();
    while (!stopping.signal.aborted) {
      const due = next(cron, after);
      while (clock.now() < due && !stopping.signal.aborted) {
        await clock.wait(Math.min(due - clock.now(), LONGEST_WAIT), stopping.signal);
      }
      if (stopping.signal.aborted) return;
      await runInTurn(() => due);
      last = lastUpdated = toHostTime(due);
      after = Math.max(clock.now(), due);
    }
  }

  const schedules = keepSchedule();

  return {
    trigger: () => void runInTurn(() => next(cron, clock.now())),
    async stop() {
      stopping.abort();
      await Promise.all([schedules, running]);
    },
  };
}

/** The first occurrence after a point in time; none any more is as good as never. */
function next(cron: Cron, after: number): number {
  return cron.nextRun(new Date(after))?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function interval(cron: Cron, now: number): number {
  const first = next(cron, now);
  return next(cron, first) - first;
}
