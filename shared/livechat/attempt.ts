import ky from "ky";
import type * as v from "valibot";
import type { Address } from "./address.ts";
import { type Attempted, understand } from "./failure.ts";

export type Connection = {
  /** Base URL of the API. */
  url: string;
  username: string;
  /** API key, or a personal access token in its place. */
  apiKey: string;
  /** Limit of an attempt, the reading of its answer included, in milliseconds. */
  attemptTimeout: number;
  fetch: typeof fetch;
  observe?: (attempt: Attempt) => void;
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

type Circumstances = Pick<Attempt, "retries" | "waited"> & {
  signal?: AbortSignal;
  /** When it must be over, in epoch milliseconds, should that come before `attemptTimeout`. */
  deadline: number;
};

/** Makes single attempts, by ky, which end with an answer that fits its schema or one of this app's errors. */
export function createAttempt({ url, username, apiKey, attemptTimeout, fetch, observe }: Connection) {
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

  return async <Answer extends v.GenericSchema>(
    { method, to, query, json, answer }: Outgoing<Answer>,
    { signal, deadline, retries, waited }: Circumstances,
  ): Promise<v.InferOutput<Answer>> => {
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
          response = await fetch(input, init);
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
  };
}
