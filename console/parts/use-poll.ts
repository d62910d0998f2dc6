import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, signedIn } from "../api.ts";
import { paused, polls } from "./live.tsx";

/** The longest pauses between two polls, in milliseconds: of an app that is down, and of one that asks for fewer calls. */
const LONGEST_DOWN = 60_000;
const LONGEST = 5 * 60_000;
/** The first pause after a failure where there is no other, in milliseconds. */
const AGAIN = 15_000;

export type Polled = {
  /** The problem since the last success. */
  problem: Problem | undefined;
  loading: boolean;
  /** Asks now, and begins anew. */
  reload(): void;
};

type PollOptions = {
  /** Work begins anew when it changes. */
  wanted: string;
  /** Milliseconds between two turns; once when it is absent. */
  everyMs?: number | undefined;
};

/**
 * Does work now and then every `everyMs`, while the page is visible and not paused. After failures the pauses grow; a 429
 * or 503 is given the pause that it asks for. Work without `everyMs` is repeated until the app answers. After a 401 it
 * waits for a key.
 */
export function usePoll(
  work: (signal: AbortSignal) => Promise<void>,
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
      const problem = await current.current(signal).then(() => undefined, toProblem);
      if (signal.aborted) return;
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

/** Milliseconds until the next try; `undefined` when none can help. */
function pauseAfter(
  problem: Problem,
  { failures, everyMs }: { failures: number; everyMs: number | undefined },
): number | undefined {
  if (problem.status === 401 || (everyMs === undefined && !PASSES.has(problem.status))) return undefined;
  const longest = problem.status === 429 ? LONGEST : LONGEST_DOWN;
  const pause = Math.min(longest, (everyMs ?? AGAIN) * 2 ** (failures - 1));
  return Math.max(pause, (problem.retryAfter ?? 0) * 1000);
}

/** Problems of the app and its storage. A call that failed at LiveChat is not repeated: some are billed. */
const PASSES: ReadonlySet<number> = new Set([0, 429, 503]);

/** Whether the app could not answer, as opposed to an answer that refuses. */
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
  return new Problem({ status: 0, title: "Not understood", detail: String(error) });
}
