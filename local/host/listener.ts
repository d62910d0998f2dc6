import { setTimeout } from "node:timers/promises";

/** What starts a function by itself: a schedule or a queue. */
export type Listener = {
  /** Runs the function once, now; `input` is a queue function's message. Does not wait for it to end. */
  trigger(input?: unknown): void;
  /** Starts nothing more; resolves when what runs has ended. */
  stop(): Promise<void>;
};

/** Time from outside. Milliseconds; `wait` ends early, without an error, when the signal is aborted. */
export type Clock = {
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  now: Date.now,
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => {}),
};

/** A time as the host's JSON has it. */
export function toHostTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/(?:\.000)?Z$/, "+00:00");
}
