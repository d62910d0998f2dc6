/** Units of time, in milliseconds. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A time in milliseconds since the epoch as ISO 8601 in UTC. */
export function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * Starts a stopwatch, and returns a function for the elapsed milliseconds. It uses the clock that shows the longer
 * time: only the wall clock counts while the machine sleeps, and only the steady clock is right after the wall clock
 * was set back.
 */
export function startStopwatch({
  wall = Date.now,
  steady = () => performance.now(),
}: {
  wall?: () => number;
  steady?: () => number;
} = {}): () => number {
  const began = { wall: wall(), steady: steady() };
  return () => Math.max(wall() - began.wall, steady() - began.steady);
}
