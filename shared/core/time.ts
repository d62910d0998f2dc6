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
 * Starts a stopwatch, and returns a function for the elapsed milliseconds. Of two clocks, the one that shows the longer
 * time counts: the steady clock stands still while the machine sleeps, and the wall clock shows too little time after
 * it was set back.
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
