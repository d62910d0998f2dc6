import { useRef, useState } from "preact/hooks";
import { request } from "../api.ts";
import type { InputOf, OperationId, OutputOf } from "../calls.ts";
import { type Polled, usePoll } from "./use-poll.ts";

/** The last answer of an operation and its time. `problem` is the failure after it. */
export type Loaded<Body> = Polled & {
  body?: Body | undefined;
  /** Milliseconds since the epoch. */
  at?: number | undefined;
};

/**
 * Calls an operation: at once, when its input changes, and every `everyMs` (see {@link usePoll}). The last answer stays
 * while the next call is pending or fails.
 */
export function useCall<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  { everyMs }: { everyMs?: number } = {},
): Loaded<OutputOf<Id>> {
  type Last = { wanted: string; body: OutputOf<Id>; etag: string | undefined; at: number };
  const wanted = JSON.stringify([id, input]);
  const [last, setLast] = useState<Last>();
  const known = useRef<Last | undefined>(undefined);
  known.current = last?.wanted === wanted ? last : undefined;

  const polled = usePoll(
    async (signal) => {
      const { status, body, etag } = await request(id, input, { signal, etag: known.current?.etag });
      return () =>
        setLast((before) =>
          status === 304 && before ? { ...before, at: Date.now() } : { wanted, body, etag, at: Date.now() },
        );
    },
    { wanted, everyMs },
  );
  return { body: known.current?.body, at: known.current?.at, ...polled };
}
