/**
 * Wraps work so that it never runs twice at the same time. All calls during a run share the next run, so each caller
 * gets a run that began after its call.
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
