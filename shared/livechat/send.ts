import ky from "ky";
import * as v from "valibot";
import { NotFound, UpstreamFailed, UpstreamTimeout } from "../errors.ts";
import type { Address } from "./address.ts";
import type { Budget, Priority } from "./budget.ts";
import { delay } from "./delay.ts";
import { type Attempted, Throttled, understand } from "./failure.ts";
import { backOff } from "./retry.ts";

/** How often a failure is repeated; 429s are, for as long as there is time. */
const REPETITIONS = 2;
/** Longest first wait after a failure, in milliseconds. */
const FIRST_WAIT = 300;
/** An attempt that has less time than this is not worth beginning, in milliseconds. */
const SHORTEST_ATTEMPT = 1_000;

export type Connection = {
  /** Base URL of the API. */
  url: string;
  username: string;
  /** API key, or a personal access token in its place. */
  apiKey: string;
  /** Limit of an attempt, the reading of its answer included, in milliseconds. */
  attemptTimeout: number;
  /** Limit of a call with all its attempts and waits, in milliseconds. */
  totalTimeout: number;
  fetch: typeof fetch;
  random: () => number;
  observe?: (attempt: Attempt) => void;
};

/** How one call is to be made. */
export type Call = {
  /** `operator` unless said otherwise. */
  priority?: Priority;
  signal?: AbortSignal;
  /** When the call must be over, in epoch milliseconds, in place of `totalTimeout`. */
  deadline?: number;
};

/** What an attempt was like, for telemetry: no ids, no content. */
export type Attempt = {
  method: string;
  /** The path without its variable parts, such as `tickets/{}`. */
  route: string;
  /** Absent when no answer came. */
  status?: number;
  /** Name of the error that it ended with. */
  error?: string;
  /** How many attempts of the same call went before. */
  retries: number;
  /** How long it waited for its turn, in milliseconds. */
  waited: number;
  /** How long it took, in milliseconds. */
  duration: number;
};

export type Outgoing<Answer extends v.GenericSchema> = {
  method: Attempted["method"];
  to: Address;
  query?: Record<string, string | number | undefined>;
  json?: unknown;
  /** What is made of the answer. `undefined` stands for an empty one. */
  answer: Answer;
};

export type Send = <Answer extends v.GenericSchema>(
  request: Outgoing<Answer>,
  call?: Call,
) => Promise<v.InferOutput<Answer>>;

/**
 * Makes calls of as many attempts as it takes. The attempts are ky's and the repetition is ours, because each attempt
 * takes its turn in the budget, a 429 holds back every call and not only its own, and a wait that does not fit into the
 * call's time is refused instead of slept out.
 */
export function createSend(connection: Connection, budget: Budget): Send {
  const { url, username, apiKey, attemptTimeout, totalTimeout, random, observe } = connection;
  const credentials = Buffer.from(`${username}:${apiKey}`).toString("base64");
  const secrets = [credentials, encodeURIComponent(apiKey), apiKey, username].filter(
    (secret) => secret.length > 3,
  );
  const api = ky.create({
    prefix: url,
    retry: 0,
    timeout: false,
    // A redirect could lead the credentials astray, and a POST become a GET.
    redirect: "manual",
    headers: {
      authorization: `Basic ${credentials}`,
      "x-api-version": "2",
      // Tokens begin with the data centre that they are good for; `dal` is where calls go by themselves.
      ...(apiKey.startsWith("fra:") && { "x-region": "fra" }),
    },
  });

  return async (request, { priority = "operator", signal, deadline = Date.now() + totalTimeout } = {}) => {
    const { method } = request;
    if (deadline <= Date.now()) throw new UpstreamTimeout("The time for this call was over before it began.");
    const startBy = Math.max(Date.now(), deadline - Math.min(attemptTimeout, SHORTEST_ATTEMPT));
    let failures = 0;
    for (let retries = 0; ; retries += 1) {
      try {
        const asked = Date.now();
        return await budget.spend(
          () => attempt(request, { signal, deadline, retries, waited: Date.now() - asked }),
          { priority, repeated: retries > 0, startBy, signal },
        );
      } catch (error) {
        // The budget holds the next attempt back for as long as it takes, or refuses it.
        if (error instanceof Throttled) continue;
        // An earlier attempt did it, and we did not hear of it.
        if (error instanceof NotFound && method === "DELETE" && failures > 0)
          return v.parse(request.answer, undefined);
        const transient = error instanceof UpstreamFailed || error instanceof UpstreamTimeout;
        if (!transient || method === "POST" || failures === REPETITIONS) throw error;
        failures += 1;
        const wait =
          error.retryAfter === undefined ? backOff(failures, FIRST_WAIT, random) : error.retryAfter * 1000;
        if (Date.now() + wait > startBy) throw error;
        await delay(wait, signal);
      }
    }
  };

  async function attempt<Answer extends v.GenericSchema>(
    { method, to, query, json, answer }: Outgoing<Answer>,
    {
      signal,
      deadline,
      retries,
      waited,
    }: { signal?: AbortSignal; deadline: number; retries: number; waited: number },
  ): Promise<v.InferOutput<Answer>> {
    const began = Date.now();
    let response: Response | undefined;
    let failure: unknown;
    try {
      return await api(to.path, {
        method,
        searchParams: query,
        json,
        signal,
        // ky's `timeout` begins anew with the body; this one is for both.
        totalTimeout: Math.max(1, Math.min(attemptTimeout, deadline - began)),
        fetch: async (input, init) => {
          response = await connection.fetch(input, init);
          return response;
        },
      }).json(answer);
    } catch (error) {
      failure = understand(error, { method, response, secrets });
      throw failure;
    } finally {
      observe?.({
        method,
        route: to.route,
        status: response?.status,
        error: failure instanceof Error ? failure.name : undefined,
        retries,
        waited,
        duration: Date.now() - began,
      });
    }
  }
}
