const LIFECYCLE_HEADERS = ["Legacy", "Deprecation"] as const;

/**
 * Wraps `fetch` to read two headers that announce the end of an API version. `Legacy` has the day on which another
 * version became the stable one. `Deprecation` has the day on which the version was deprecated.
 */
export function watchLifecycle(
  fetch: typeof globalThis.fetch,
  onLifecycle: (header: (typeof LIFECYCLE_HEADERS)[number], day: string) => void,
): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    for (const header of LIFECYCLE_HEADERS) {
      const day = response.headers.get(header);
      // The value is logged, so it must be a day.
      if (day && /^\d{4}-\d{2}-\d{2}$/.test(day)) onLifecycle(header, day);
    }
    return response;
  };
}
