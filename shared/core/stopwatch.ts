/**
 * Starts to count. The answer is how many milliseconds have passed since, by the clock that saw more of them: the wall
 * clock counts while a machine sleeps, the steady one counts right when the wall clock is put back.
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
