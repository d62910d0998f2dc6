/**
 * Makes `work` a function that may be called at any time and any number of times: it runs once at a time, and a caller
 * shares a run that begins after its call.
 */
export function coalesce(work: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  function run(): Promise<void> {
    current = work().finally(() => {
      current = undefined;
    });
    return current;
  }

  return () => {
    if (!current) return run();
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        return run();
      });
    return next;
  };
}
