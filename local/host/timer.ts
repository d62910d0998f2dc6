import { Cron } from "croner";
import type { TriggerData } from "./core-types.ts";
import { type Clock, type Listener, systemClock, toHostTime } from "./listener.ts";
import { StartError } from "./start-error.ts";

/** The longest wait of `setTimeout`, in milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Reads an NCRONTAB expression with six fields, in UTC.
 *
 * @throws StartError when it is not a schedule, or has no next occurrence
 */
export function readSchedule(schedule: string, functionName: string, now = Date.now()): Cron {
  const refuse = (why: string) =>
    new StartError(`Function ${functionName}: the schedule "${schedule}" ${why}`);
  let cron: Cron;
  try {
    // In NCRONTAB, day of the month and day of the week must both match, and `5/15` is allowed.
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
 * Runs a timer function on its schedule, one run at a time. An occurrence during a run is skipped, as on the real host. A
 * manual run waits for the current one.
 *
 * @param run runs the function with the timer's data; does not reject
 * @param options.isDisabled only manual runs
 */
export function startTimer(
  cron: Cron,
  run: (data: TriggerData) => Promise<void>,
  { clock = systemClock, isDisabled = false }: { clock?: Clock; isDisabled?: boolean } = {},
): Listener {
  // The real host stores a status only for schedules with intervals of at least a minute.
  const monitored = interval(cron, clock.now()) >= 60_000;
  const stopping = new AbortController();
  let last = "0001-01-01T00:00:00+00:00";
  let lastUpdated = toHostTime(clock.now());
  let running = Promise.resolve();

  /** Runs the function after the current run; `due` returns its occurrence. */
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

  const schedules = isDisabled ? undefined : keepSchedule();

  return {
    trigger: () => void runInTurn(() => next(cron, clock.now())),
    async stop() {
      stopping.abort();
      await Promise.all([schedules, running]);
    },
  };
}

/** The first occurrence after a time; the largest number when there is no further one. */
function next(cron: Cron, after: number): number {
  return cron.nextRun(new Date(after))?.getTime() ?? Number.MAX_SAFE_INTEGER;
}

function interval(cron: Cron, now: number): number {
  const first = next(cron, now);
  return next(cron, first) - first;
}
