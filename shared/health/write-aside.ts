import { MINUTE, SECOND } from "../core/time.ts";

/** The clock and timer of a write that no caller awaits. */
export type Aside = {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** Calls a function after some milliseconds, without keeping the process alive. */
  later?: (run: () => void, milliseconds: number) => void;
};

/**
 * Makes a function that schedules `write`: at most once a minute for any number of calls, or now. It never waits.
 *
 * @param write must not fail, because no caller awaits it
 */
export function writeAside(
  write: () => Promise<void>,
  { now, later = (run, milliseconds) => void setTimeout(run, milliseconds).unref() }: Aside,
): (when?: "soon" | "now") => void {
  let lastRun = Number.NEGATIVE_INFINITY;
  let isScheduled = false;
  const run = () => {
    lastRun = now();
    isScheduled = false;
    return write();
  };
  return (when = "soon") => {
    if (isScheduled && when === "soon") return;
    isScheduled = true;
    later(run, when === "now" ? 0 : Math.max(0, lastRun + MINUTE - now()));
  };
}

const WRITE_TIMEOUT = 2 * SECOND;

/** Runs a write with a time limit. Returns its result, or `undefined` when it failed: a later write makes up for it. */
export async function tryToWrite<Result>(
  write: (options: { signal: AbortSignal }) => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await write({ signal: AbortSignal.timeout(WRITE_TIMEOUT) });
  } catch {
    return undefined;
  }
}
