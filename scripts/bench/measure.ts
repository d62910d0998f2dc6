/**
 * Does the work `count` times, `concurrency` at once. Returns the rate per second and the 99th percentile in
 * milliseconds.
 */
export async function measure(
  work: () => Promise<unknown>,
  { count, concurrency }: { count: number; concurrency: number },
): Promise<{ rate: number; p99: number }> {
  const took: number[] = [];
  const start = performance.now();
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      begun++;
      took.push(await time(work));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - start) / 1000;
  took.sort((a, b) => a - b);
  return { rate: Math.round(count / seconds), p99: took[Math.floor(took.length * 0.99)] ?? 0 };
}

/** Milliseconds. */
export async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
