import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, signedIn } from "../api.ts";
import { paused } from "./live.tsx";

/** The longest pause between two polls of an app that fails, in milliseconds. */
const LONGEST = 5 * 60_000;

export type Polled = {
  /** What is wrong since the last success. */
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
 * or 503 is given the pause that it asks for. After a 401 it waits for a key.
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
    let timer: ReturnType<typeof setTimeout> | undefined;
    let due = 0;
    let failures = 0;
    let isFirst = true;
    let isRunning = false;

    const wait = (ms: number) => {
      due = Date.now() + ms;
      arm();
    };
    const arm = () => {
      clearTimeout(timer);
      if (!isRunning && !document.hidden && (isFirst || (everyMs && !paused.peek()))) {
        timer = setTimeout(run, Math.max(0, due - Date.now()));
      }
    };
    const run = async () => {
      isRunning = true;
      const problem = await current.current(signal).then(() => undefined, toProblem);
      if (signal.aborted) return;
      isRunning = false;
      isFirst = false;
      setProblem(problem);
      setLoading(false);
      if (problem?.status === 401) return;
      const pause = Math.min(LONGEST, (everyMs ?? 0) * 2 ** failures);
      failures = problem ? failures + 1 : 0;
      wait(Math.max(problem ? pause : (everyMs ?? 0), (problem?.retryAfter ?? 0) * 1000));
    };

    setLoading(true);
    setProblem(undefined);
    wait(0);
    document.addEventListener("visibilitychange", arm);
    const unsubscribe = paused.subscribe(arm);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", arm);
      unsubscribe();
    };
  }, [wanted, turn, signedIn.value, everyMs]);

  return { problem, loading, reload: () => setTurn((before) => before + 1) };
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem({ status: 0, title: "Not understood", detail: String(error) });
}
