import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, signedIn } from "../api.ts";
import { paused, polls } from "./live.tsx";
import { createPoller } from "./poller.ts";

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
 * Does work at once, and then every `everyMs`, when {@link createPoller} decides so. It starts again after a key was
 * entered.
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
    const id = Symbol();
    const poller = createPoller({
      work: () => current.current(abort.signal).catch(toProblem),
      show(result) {
        const problem = result instanceof Problem ? result : undefined;
        if (typeof result === "function") result();
        setProblem(problem);
        setLoading(false);
        const { at } = polls.peek().get(id) ?? {};
        note(id, problem ? { at, fails: isDown(problem) } : { at: Date.now(), fails: false });
        return problem;
      },
      everyMs,
      isHidden: () => document.hidden,
      isPaused: () => paused.peek(),
    });

    setLoading(true);
    setProblem(undefined);
    poller.start();
    document.addEventListener("visibilitychange", poller.update);
    addEventListener("online", poller.hurry);
    const unsubscribe = paused.subscribe(poller.update);
    return () => {
      abort.abort();
      poller.stop();
      document.removeEventListener("visibilitychange", poller.update);
      removeEventListener("online", poller.hurry);
      unsubscribe();
      note(id);
    };
  }, [wanted, turn, signedIn.value, everyMs]);

  return { problem, loading, reload: () => setTurn((before) => before + 1) };
}

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
