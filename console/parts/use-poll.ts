import { useEffect, useRef, useState } from "preact/hooks";
import { MINUTE, SECOND } from "../../shared/core/time.ts";
import { Problem, signedIn } from "../api.ts";
import { paused, polls } from "./live.tsx";

/** The longest pause between polls while the app is down. */
const LONGEST_PAUSE_DOWN = MINUTE;
/** The longest pause between polls after a 429. */
const LONGEST_PAUSE_429 = 5 * MINUTE;
/** The first pause after a failed call that is not polled. */
const FIRST_PAUSE = 15 * SECOND;

export type Polled = {
  /** The failure of the last call; absent after a success. */
  problem: Problem | undefined;
  loading: boolean;
  /** Makes a call now. */
  reload(): void;
};

type PollOptions = {
  /** When this changes, the work starts again. */
  wanted: string;
  /** Milliseconds between two calls. Without it, there is one call. */
  everyMs?: number | undefined;
};

/**
 * Does work at once, and then every `everyMs` while the page is visible and not paused. After failures the pauses grow,
 * and the `Retry-After` of a 429 or 503 is kept. Work without `everyMs` is repeated until the app answers. After a 401
 * the work waits for a key.
 *
 * @param work resolves with a function that shows the result. It is not called when `wanted` has changed meanwhile.
 */
export function usePoll(
  work: (signal: AbortSignal) => Promise<() => void>,
  { wanted, everyMs }: PollOptions,
): Polled {
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  const current = useRef(work);
  current.current = work;

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const id = Symbol();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let due: number | undefined;
    let failures = 0;
    let isFirst = true;
    let isRunning = false;

    const wait = (ms: number) => {
      due = Date.now() + ms;
      arm();
    };
    const arm = () => {
      clearTimeout(timer);
      if (due === undefined || isRunning || document.hidden || (!isFirst && paused.peek())) return;
      timer = setTimeout(run, Math.max(0, due - Date.now()));
    };
    const run = async () => {
      isRunning = true;
      const result = await current.current(signal).catch(toProblem);
      if (signal.aborted) return;
      const problem = result instanceof Problem ? result : undefined;
      if (typeof result === "function") result();
      isRunning = false;
      isFirst = false;
      due = undefined;
      setProblem(problem);
      setLoading(false);
      const { at } = polls.peek().get(id) ?? {};
      note(id, problem ? { at, fails: isDown(problem) } : { at: Date.now(), fails: false });
      failures = problem ? failures + 1 : 0;
      const pause = problem ? pauseAfter(problem, { failures, everyMs }) : everyMs;
      if (pause !== undefined) wait(pause);
    };
    const hurry = () => {
      if (failures > 0 && due !== undefined) wait(0);
    };

    setLoading(true);
    setProblem(undefined);
    wait(0);
    document.addEventListener("visibilitychange", arm);
    addEventListener("online", hurry);
    const unsubscribe = paused.subscribe(arm);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", arm);
      removeEventListener("online", hurry);
      unsubscribe();
      note(id);
    };
  }, [wanted, turn, signedIn.value, everyMs]);

  return { problem, loading, reload: () => setTurn((before) => before + 1) };
}

/** Milliseconds until the next call; `undefined` when another call cannot help. */
function pauseAfter(
  problem: Problem,
  { failures, everyMs }: { failures: number; everyMs: number | undefined },
): number | undefined {
  if (problem.status === 401 || (everyMs === undefined && !TRANSIENT.has(problem.status))) return undefined;
  const longest = problem.status === 429 ? LONGEST_PAUSE_429 : LONGEST_PAUSE_DOWN;
  const pause = Math.min(longest, (everyMs ?? FIRST_PAUSE) * 2 ** (failures - 1));
  return Math.max(pause, (problem.retryAfter ?? 0) * 1000);
}

/**
 * Statuses of failures that end by themselves: no answer, a rate limit, and the app's storage. A call that failed at
 * LiveChat is not repeated, because some calls are billed.
 */
const TRANSIENT: ReadonlySet<number> = new Set([0, 429, 503]);

/** True for a problem of the app, false for a refused request. */
function isDown({ status }: Problem): boolean {
  return status === 0 || status === 429 || status >= 500;
}

function note(id: symbol, state?: { at: number | undefined; fails: boolean }): void {
  const all = new Map(polls.peek());
  all.delete(id);
  polls.value = state ? all.set(id, state) : all;
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ status: 0, title: "The answer cannot be read", detail: String(error) });
}
