import type * as v from "valibot";
import { AppError, UpstreamFailed, UpstreamTimeout } from "../core/errors.ts";
import { SECOND, startStopwatch } from "../core/time.ts";
import { backOff } from "../core/wait.ts";
import { Throttled } from "./after-429.ts";
import { type AttemptOptions, createAttempt, type Service } from "./attempt.ts";
import { EFFECT_OF_METHOD, type Effect, type OutgoingCall } from "./call.ts";
import { delay } from "./delay.ts";
import type { Priority } from "./plan-turns.ts";
import { RateLimit, type Usage } from "./rate-limit.ts";

/** A call is repeated at most this many times after failures. After 429s it is repeated as long as there is time. */
const REPETITIONS = 2;
/** Pauses after failures, in milliseconds. */
const PAUSES_AFTER_FAILURE = { first: 300, longest: 600 };
/** With less time left than this, no attempt waits for its turn. In milliseconds. */
const SHORTEST_ATTEMPT = SECOND;
/** The default of `totalTimeout`. In milliseconds. */
export const TOTAL_TIMEOUT = 25 * SECOND;

/** Options of one call. */
export type CallOptions = {
  /** `operator` by default. */
  priority?: Priority;
  signal?: AbortSignal;
  /** The time by which the call must end, in epoch milliseconds. It replaces `totalTimeout`. */
  deadline?: number;
  /** Awaited right before each attempt is sent. An error that it throws ends the call. */
  beforeSend?: () => Promise<void>;
  /** Called with each attempt's wait for its turn, in milliseconds. */
  onTurn?: (waited: number) => void;
};

export type Send = <Answer extends v.GenericSchema>(
  request: OutgoingCall<Answer>,
  call?: CallOptions,
) => Promise<v.InferOutput<Answer>>;

/** The options of a connection to any of the APIs. */
export type ConnectionOptions = AttemptOptions & {
  /** Calls that this process may make in 60 s, repetitions included. */
  rateLimit: number;
  /** Limit of a call with all its attempts and waits, in milliseconds; 25,000 by default. */
  totalTimeout?: number;
  /** Returns numbers from 0 to 1, for jitter. */
  random?: () => number;
};

/**
 * Opens a connection to one of LiveChat's APIs. ky makes single attempts, and this function repeats them. ky's own
 * retry could not do so: each attempt must wait for its turn in the rate limit, a 429 must delay all calls, and a call
 * that would wait too long must be refused at once.
 */
export function connect({
  rateLimit: limit,
  totalTimeout = TOTAL_TIMEOUT,
  random = Math.random,
  ...service
}: ConnectionOptions & Service): { send: Send; usage: () => Usage } {
  const rateLimit = new RateLimit(service.name, limit, { random });
  const attempt = createAttempt(service);

  const send: Send = async (request, call = {}) => {
    const { priority = "operator", signal, deadline = Date.now() + totalTimeout, beforeSend, onTurn } = call;
    const { effect = EFFECT_OF_METHOD[request.method] } = request;
    if (deadline <= Date.now()) throw passedDeadline();
    const passed = startStopwatch();
    const time = deadline - Date.now();
    const patience = Math.max(0, time - SHORTEST_ATTEMPT);
    let failures = 0;
    let isInDoubt = false;
    for (let retries = 0; ; retries += 1) {
      const asked = Date.now();
      const sendAttempt = async () => {
        const waited = Date.now() - asked;
        onTurn?.(waited);
        await beforeSend?.();
        // After a pause of the process, overdue timers fire in any order, so the turn may come after the deadline.
        if (passed() >= time) throw passedDeadline();
        return attempt(request, { effect, signal, deadline, retries, waited });
      };
      const left = retries === 0 ? patience : patience - passed();
      try {
        return await rateLimit.run(sendAttempt, { priority, repeated: retries > 0, patience: left, signal });
      } catch (error) {
        // The rate limit delays the next attempt until the pause after the 429 ends, or refuses it.
        if (error instanceof Throttled) continue;
        if (error instanceof AppError) {
          if (isInDoubt) error.addDoubt();
          isInDoubt = error.outcomeUnknown ?? false;
        }
        const pause = pauseAfterFailure(error, effect, failures, random);
        if (pause === undefined || pause > patience - passed()) throw error;
        failures += 1;
        await delay(pause, signal);
      }
    }
  };
  return { send, usage: () => rateLimit.usage() };
}

const passedDeadline = () => new UpstreamTimeout("The deadline of this call had passed before it was sent.");

/**
 * The pause before a call is repeated after a failure, in milliseconds; `undefined` when the call must not be repeated:
 * a repetition cannot help, could create something twice, or was already made twice.
 *
 * @param failures the number of failed attempts before this one
 */
export function pauseAfterFailure(
  error: unknown,
  effect: Effect,
  failures: number,
  random: () => number,
): number | undefined {
  const isTransient = error instanceof UpstreamFailed || error instanceof UpstreamTimeout;
  if (!isTransient || effect === "create" || failures === REPETITIONS) return undefined;
  const { retryAfter } = error;
  return retryAfter === undefined
    ? backOff(failures + 1, PAUSES_AFTER_FAILURE, random())
    : retryAfter * SECOND;
}
