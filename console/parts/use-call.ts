import { useEffect, useRef, useState } from "preact/hooks";
import { key, Problem, request } from "../api.ts";
import type { InputOf, OperationId, OutputOf } from "../calls.ts";

/** What a page knows of an answer: the last one that came, when, and what is wrong since. */
export type Loaded<Body> = {
  body?: Body;
  /** Milliseconds since the epoch. */
  at?: number;
  problem?: Problem;
  loading: boolean;
  reload(): void;
};

/**
 * Calls an operation, again when its input changes, and every `everyMs` while the page is visible. The last answer stays
 * while the next is awaited or fails. A 429 or 503 is given the pause that it asks for.
 */
export function useCall<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { everyMs }: { everyMs?: number } = {},
): Loaded<OutputOf<Id>> {
  const [state, setState] = useState<Omit<Loaded<OutputOf<Id>>, "reload">>({ loading: true });
  const [turn, setTurn] = useState(0);
  const etag = useRef<string | undefined>(undefined);
  const wanted = JSON.stringify([id, input]);

  useEffect(() => {
    etag.current = undefined;
  }, [wanted]);

  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((before) => ({ ...before, loading: true }));

    const later = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(ask, ms);
    };
    const ask = async () => {
      if (document.hidden) return;
      try {
        const answer = await request(id, input, { signal: abort.signal, etag: etag.current });
        etag.current = answer.etag;
        setState((before) => ({
          loading: false,
          at: Date.now(),
          body: answer.status === 304 ? before.body : answer.body,
        }));
        if (everyMs) later(everyMs);
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem =
          error instanceof Problem
            ? error
            : new Problem({ status: 0, title: "Not understood", detail: String(error) });
        setState((before) => ({ ...before, loading: false, problem }));
        if (everyMs && problem.status !== 401) later(Math.max(everyMs, (problem.retryAfter ?? 0) * 1000));
      }
    };
    const onVisible = () => {
      if (!document.hidden && everyMs) later(0);
    };
    document.addEventListener("visibilitychange", onVisible);
    void ask();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [wanted, turn, key.value, everyMs]);

  return { ...state, reload: () => setTurn((before) => before + 1) };
}
