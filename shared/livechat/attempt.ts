import ky from "ky";
import type * as v from "valibot";
import { SECOND } from "../core/time.ts";
import type { Address } from "./address.ts";
import { type Effect, effectOf } from "./effect.ts";
import { LIVECHAT, type Needs, type ReadRefusal, toAppError } from "./failure.ts";

/** In milliseconds. */
export const ATTEMPT_TIMEOUT = 8 * SECOND;

/** How one of LiveChat's APIs is reached, and how its refusals are read. */
export type Connection = {
  /** For people; `LiveChat` by default. */
  name?: string;
  /** Base URL of the API. */
  url: string;
  /** Basic credentials (RFC 7617). */
  username: string;
  password: string;
  /** Headers of each attempt, beside the credentials. */
  headers(): Record<string, string>;
  refusal: ReadRefusal;
  /** Limit of an attempt, the reading of its answer included, in milliseconds; 8,000 by default. */
  attemptTimeout?: number;
  fetch?: typeof fetch;
  /** Called after every attempt, for telemetry. */
  observe?: (attempt: CallAttempt, error?: unknown) => void;
};

/** Facts of an attempt for telemetry: no ids, no content. */
export type CallAttempt = {
  method: string;
  /** Given for a call of HelpDesk. */
  service?: "helpdesk";
  /** The path without its variable parts, such as `tickets/{}`. */
  route: string;
  /** Absent when no answer came. */
  status?: number;
  /** LiveChat's own name for the answer, which its support asks for. */
  debugId?: string;
  /** Name of the error that it ended with. */
  error?: string;
  /** How many attempts of the same call went before. */
  retries: number;
  /** How long it waited for its turn, in milliseconds. */
  waited: number;
  /** How long it took, in milliseconds. */
  duration: number;
};

export type OutgoingCall<Answer extends v.GenericSchema> = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** By default the effect of the method. */
  effect?: Effect;
  to: Address;
  /** LiveChat's name of the action, and the scopes that the token must have for it. */
  needs?: Needs;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  /** The schema of the answer. An empty answer is read as `undefined`. */
  answer: Answer;
};

type Circumstances = Pick<CallAttempt, "retries" | "waited"> & {
  signal?: AbortSignal;
  /** When the call must be over, in epoch milliseconds; the attempt has `attemptTimeout` or the time that is left. */
  deadline: number;
};

/** Makes single attempts by ky. Each returns an answer that fits its schema, or throws one of this app's errors. */
export function createAttempt({
  name = LIVECHAT,
  url,
  username,
  password,
  headers,
  refusal,
  attemptTimeout = ATTEMPT_TIMEOUT,
  fetch = globalThis.fetch,
  observe,
}: Connection) {
  const encoded = Buffer.from(`${username}:${password}`).toString("base64");
  // Texts that no error may repeat.
  const secrets = [encoded, encodeURIComponent(password), password, username].filter(
    ({ length }) => length > 3,
  );
  const api = ky.create({
    prefix: url,
    headers: { authorization: `Basic ${encoded}` },
    retry: 0,
    timeout: false,
    // A redirect could lead the credentials astray, and a POST become a GET.
    redirect: "manual",
  });

  return async <Answer extends v.GenericSchema>(
    { method, effect = effectOf[method], to, needs, query, json, answer }: OutgoingCall<Answer>,
    { signal, deadline, retries, waited }: Circumstances,
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
        // ky's `timeout` begins anew with the body; this one is for both.
        totalTimeout: Math.max(1, Math.min(attemptTimeout, deadline - began)),
        fetch: async (input, init) => {
          response = await fetch(input, init);
          return response;
        },
      }).json(answer);
    } catch (error) {
      failure = toAppError(error, { name, effect, response, secrets, refusal, needs });
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
