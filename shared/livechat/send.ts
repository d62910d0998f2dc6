import type * as v from "valibot";
import { backOff } from "../core/back-off.ts";
import { AppError, UpstreamFailed, UpstreamTimeout } from "../core/errors.ts";
import { startStopwatch } from "../core/stopwatch.ts";
import { SECOND } from "../core/time.ts";
import { ATTEMPT_TIMEOUT, type Connection, createAttempt, type OutgoingCall } from "./attempt.ts";
import { createBudget, type Priority, type Usage } from "./budget.ts";
import { delay } from "./delay.ts";
import { effectOf } from "./effect.ts";
import { doubt, Throttled } from "./failure.ts";
import { LONGEST_WAIT } from "./retry.ts";

/** How often a call is repeated after failures. After 429s it is repeated as long as there is time. */
const REPETITIONS = 2;
/** Waits after failures. */
const FAILURE_WAITS = { first: 300, longest: LONGEST_WAIT };
/** No attempt begins with less time left than this, in milliseconds. */
const SHORTEST_ATTEMPT = SECOND;
/** In milliseconds. */
export const TOTAL_TIMEOUT = 25 * SECOND;

/** Options of one call. */
export type CallOptions = {
  /** `operator` unless said otherwise. */
  priority?: Priority;
  signal?: AbortSignal;
  /** When the call must be over, in epoch milliseconds, in place of `totalTimeout`. */
  deadline?: number;
  /** Awaited right before each attempt is sent; what it throws ends the call. */
  beforeSend?: () => Promise<void>;
  /** Called with each attempt's wait for its turn, in milliseconds. */
  onTurn?: (waited: number) => void;
};

export type Send = <Answer extends v.GenericSchema>(
  request: OutgoingCall<Answer>,
  call?: CallOptions,
) => Promise<v.InferOutput<Answer>>;

/** What a connection needs to know, for every API. */
export type ConnectionOptions = Omit<Connection, "name" | "username" | "password" | "headers" | "refusal"> & {
  /** Calls that this process may make in 60 s, repetitions included. */
  rateLimit: number;
  /** Limit of a call with all its attempts and waits, in milliseconds; 25,000 by default. */
  totalTimeout?: number;
  /** Numbers from 0 to 1, for jitter. */
  random?: () => number;
};

/**
 * Opens a connection to one of LiveChat's APIs. Its calls take as many attempts as they need. ky makes the attempts; we
 * repeat calls ourselves, because each attempt waits for its turn in the budget, a 429 postpones every call, and a wait
 * beyond the call's time is refused at once.
 */
export function connect({
  rateLimit,
  totalTimeout = TOTAL_TIMEOUT,
  random = Math.random,
  ...connection
}: ConnectionOptions & Connection): { send: Send; usage: () => Usage } {
  const budget = createBudget(rateLimit, { random, name: connection.name });
  const attempt = createAttempt(connection);
  const leastTime = Math.min(connection.attemptTimeout ?? ATTEMPT_TIMEOUT, SHORTEST_ATTEMPT);

  const send: Send = async (request, call = {}) => {
    const { priority = "operator", signal, deadline = Date.now() + totalTimeout, beforeSend, onTurn } = call;
    const { effect = effectOf[request.method] } = request;
    if (deadline <= Date.now()) throw new UpstreamTimeout("The time for this call was over before it began.");
    const passed = startStopwatch();
    const time = deadline - Date.now();
    const patience = Math.max(0, time - leastTime);
    let failures = 0;
    let isInDoubt = false;
    for (let retries = 0; ; retries += 1) {
      const asked = Date.now();
      const sendAttempt = async () => {
        const waited = Date.now() - asked;
        onTurn?.(waited);
        await beforeSend?.();
        // After the process stood still, late timers fire in any order: the turn may come before the refusal.
        if (passed() >= time)
          throw new UpstreamTimeout("The time for this call was over before it was sent.");
        return attempt(request, { signal, deadline, retries, waited });
      };
      try {
        const left = retries === 0 ? patience : patience - passed();
        return await budget.spend(sendAttempt, { priority, repeated: retries > 0, patience: left, signal });
      } catch (error) {
        // The budget makes the next attempt wait, or refuses it.
        if (error instanceof Throttled) continue;
        if (error instanceof AppError) {
          if (isInDoubt && !error.outcomeUnknown) {
            Object.assign(error, { outcomeUnknown: true, message: error.message + doubt(effect) });
          }
          isInDoubt = error.outcomeUnknown ?? false;
        }
        const transient = error instanceof UpstreamFailed || error instanceof UpstreamTimeout;
        if (!transient || effect === "create" || failures === REPETITIONS) throw error;
        failures += 1;
        const { retryAfter } = error;
        const wait =
          retryAfter === undefined ? backOff(failures, FAILURE_WAITS, random()) : retryAfter * 1000;
        if (passed() + wait > patience) throw error;
        await delay(wait, signal);
      }
    }
  };
  return { send, usage: budget.usage };
}
