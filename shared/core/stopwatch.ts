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
