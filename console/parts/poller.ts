import { MINUTE, SECOND } from "../../shared/core/time.ts";

/** The longest pause between calls while the app is down. */
const LONGEST_PAUSE_DOWN = MINUTE;
/** The longest pause between calls after a 429. */
const LONGEST_PAUSE_429 = 5 * MINUTE;
/** The first pause after a failed call that is not polled. */
const FIRST_PAUSE = 15 * SECOND;

/** A failed call: its status, 0 without an answer, and its `Retry-After` in seconds. */
type Failure = { status: number; retryAfter?: number | undefined };

type PollerOptions<Result> = {
  /** Makes a call. Never rejects. */
  work(): Promise<Result>;
  /** Shows the result of a call, and returns its failure. */
  show(result: Result): Failure | undefined;
  /** Milliseconds between two calls. Without it, the work is repeated only until the app answers. */
  everyMs: number | undefined;
  isHidden(): boolean;
  isPaused(): boolean;
  /** Milliseconds since the epoch. */
  now?(): number;
  /** Calls `work` once after this many milliseconds, unless the returned function is called before. */
  later?(milliseconds: number, work: () => void): () => void;
};

/**
 * Decides when a page calls the app. A hidden page makes no call, and a paused one only the first. A call that became
 * due meanwhile is made when the page is shown or resumed. See {@link pauseAfter} for the pause after a failure.
 */
export function createPoller<Result>({
  work,
  show,
  everyMs,
  isHidden,
  isPaused,
  now = () => Date.now(),
  later = afterTime,
}: PollerOptions<Result>) {
  /** When the next call is due; absent when none is planned. */
  let due: number | undefined;
  let cancel = () => {};
  /** Failed calls in a row. */
  let failures = 0;
  let isFirst = true;
  let isRunning = false;
  let isStopped = false;

  /** Sets the timer of the next call. */
  function arm(): void {
    cancel();
    if (due === undefined || isRunning || isHidden() || (isPaused() && !isFirst)) return;
    cancel = later(Math.max(0, due - now()), () => void call());
  }

  function callIn(milliseconds: number): void {
    due = now() + milliseconds;
    arm();
  }

  async function call(): Promise<void> {
    isRunning = true;
    const result = await work();
    if (isStopped) return;
    isRunning = false;
    isFirst = false;
    due = undefined;
    const failure = show(result);
    failures = failure ? failures + 1 : 0;
    const pause = failure ? pauseAfter(failure, { failures, everyMs }) : everyMs;
    if (pause !== undefined) callIn(pause);
  }

  return {
    /** Makes the first call. */
    start: () => callIn(0),
    /** Notes that the page was hidden or shown, or that polling was paused or resumed. */
    update: arm,
    /** Makes a call that waits because of a failure at once: the network is back. */
    hurry(): void {
      if (failures > 0 && due !== undefined) callIn(0);
    },
    /** Makes no further call, and ignores the result of the present one. */
    stop(): void {
      isStopped = true;
      cancel();
    },
  };
}

/**
 * Milliseconds until the next call; `undefined` when another call cannot help. A 401 needs another key. Otherwise the
 * pause doubles with each failure, and is at least the `Retry-After`.
 */
function pauseAfter(
  { status, retryAfter = 0 }: Failure,
  { failures, everyMs }: { failures: number; everyMs: number | undefined },
): number | undefined {
  if (status === 401 || (everyMs === undefined && !TRANSIENT.has(status))) return undefined;
  const longest = status === 429 ? LONGEST_PAUSE_429 : LONGEST_PAUSE_DOWN;
  return Math.max(Math.min(longest, (everyMs ?? FIRST_PAUSE) * 2 ** (failures - 1)), retryAfter * SECOND);
}

/**
 * Statuses of failures that end by themselves: no answer, a rate limit, and the app's storage. A call that failed at
 * LiveChat is not repeated, because some calls are billed.
 */
const TRANSIENT: ReadonlySet<number> = new Set([0, 429, 503]);

function afterTime(milliseconds: number, work: () => void): () => void {
  const timer = setTimeout(work, milliseconds);
  return () => clearTimeout(timer);
}
