import { setTimeout } from "node:timers/promises";
import { toIso } from "../../shared/core/time.ts";

/** A schedule or a queue that starts a function. */
export type Listener = {
  /** Starts a run of the function, and does not wait for its end. `input` is the message of a queue function. */
  trigger(input?: unknown): void;
  /** Starts no more runs; resolves when the current runs have ended. */
  stop(): Promise<void>;
};

/** A clock in milliseconds. `wait` ends early, without an error, when the signal is aborted. */
export type Clock = {
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => {}),
};

/** A time in the format of the real host's JSON. */
export function toHostTime(milliseconds: number): string {
  return toIso(milliseconds).replace(/(?:\.000)?Z$/, "+00:00");
}
