import ky, { HTTPError } from "ky";
import type * as v from "valibot";
import { SECOND } from "../core/time.ts";
import { readRetryAfter } from "../core/wait.ts";
import { LONGEST_PAUSE } from "./after-429.ts";
import type { Effect, OutgoingCall } from "./call.ts";
import { toAppError } from "./failure.ts";
import type { ReadRefusal } from "./refusal.ts";
import { readWords } from "./words.ts";

/** The default of `attemptTimeout`. In milliseconds. */
const ATTEMPT_TIMEOUT = 8 * SECOND;

/** One of LiveChat's APIs: its credentials, its headers and its refusals. */
export type Service = {
  /** The name of the service in messages. */
  name: string;
  /** Basic credentials (RFC 7617). */
  username: string;
  password: string;
  /** Headers of each attempt, besides the credentials. */
  headers(): Record<string, string>;
  readRefusal: ReadRefusal;
};

export type AttemptOptions = {
  /** Base URL of the API. */
  url: string;
  /** The time limit of an attempt and its answer's body, in milliseconds; 8,000 by default. */
  attemptTimeout?: number;
  fetch?: typeof fetch;
  /** Called after every attempt, for telemetry. */
  observe?: (attempt: CallAttempt, error?: unknown) => void;
};

/** The facts of an attempt for telemetry: no ids, no content. */
export type CallAttempt = {
  method: string;
  /** Present for a call of HelpDesk. */
  service?: "helpdesk";
  /** The path without its variable parts, such as `tickets/{}`. */
  route: string;
  /** Absent when no answer came. */
  status?: number;
  /** LiveChat's id of the answer, for LiveChat's support. */
  debugId?: string;
  /** The name of the attempt's error. */
  error?: string;
  /** The number of earlier attempts of the same call. */
  retries: number;
  /** The wait for the turn, in milliseconds. */
  waited: number;
  /** The duration of the attempt, in milliseconds. */
  duration: number;
};

type Circumstances = Pick<CallAttempt, "retries" | "waited"> & {
  effect: Effect;
  signal?: AbortSignal;
  /** When the call must end, in epoch milliseconds. The attempt has `attemptTimeout` or the time that is left. */
  deadline: number;
};

/** Makes single attempts by ky. Each returns an answer that fits its schema, or throws one of this app's errors. */
export function createAttempt({
  name,
  url,
  username,
  password,
  headers,
  readRefusal,
  attemptTimeout = ATTEMPT_TIMEOUT,
  fetch = globalThis.fetch,
  observe,
}: Service & AttemptOptions) {
  const encoded = Buffer.from(`${username}:${password}`).toString("base64");
  // Texts that no error may contain.
  const secrets = [encoded, encodeURIComponent(password), password, username].filter(
    ({ length }) => length > 3,
  );
  const api = ky.create({
    prefix: url,
    headers: { authorization: `Basic ${encoded}` },
    retry: 0,
    timeout: false,
    // A redirect could send the credentials to another server, and turn a POST into a GET.
    redirect: "manual",
  });

  return async <Answer extends v.GenericSchema>(
    { method, to, needs, query, json, answer }: OutgoingCall<Answer>,
    { effect, signal, deadline, retries, waited }: Circumstances,
  ): Promise<v.InferOutput<Answer>> => {
    const began = Date.now();
    let response: Response | undefined;
    let failure: unknown;
    try {
      return await api(to.path, {
        method,
        headers: headers(),
        searchParams: query,
        json,
        signal,
        // ky's `timeout` starts again with the body. `totalTimeout` limits both together.
        totalTimeout: Math.max(1, Math.min(attemptTimeout, deadline - began)),
        fetch: async (input, init) => {
          response = await fetch(input, init);
          return response;
        },
      }).json(answer);
    } catch (error) {
      if (response && !response.ok) {
        // The status counts, even when the body that explains it did not arrive whole.
        const body = error instanceof HTTPError ? error.data : undefined;
        const words = readWords(body, secrets);
        const { status } = response;
        const retryAfter = retryAfterOf(response);
        failure = readRefusal({ name, status, body, words, retryAfter, effect, needs });
      } else {
        failure = toAppError(error, { name, effect, isAnswered: response !== undefined, secrets });
      }
      throw failure;
    } finally {
      observe?.(
        {
          method,
          route: to.route,
          status: response?.status,
          debugId: response?.headers.get("x-debug-id") ?? undefined,
          error: failure instanceof Error ? failure.name : undefined,
          retries,
          waited,
          duration: Date.now() - began,
        },
        failure,
      );
    }
  };
}

/** Reads the `Retry-After` of an answer, in milliseconds and at most `LONGEST_PAUSE`; `undefined` without the header. */
export function retryAfterOf({ headers }: Pick<Response, "headers">): number | undefined {
  const wait = readRetryAfter(headers.get("retry-after"), headers.get("date"));
  return wait === undefined ? undefined : Math.min(LONGEST_PAUSE, wait);
}
