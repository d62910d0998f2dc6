const HEADERS = ["Legacy", "Deprecation"] as const;

/**
 * Reads the headers by which LiveChat announces the end of an API version: `Legacy` with the day on which it stopped
 * being the stable one, `Deprecation` with the day on which it was deprecated.
 */
export function watchLifecycle(
  fetch: typeof globalThis.fetch,
  onLifecycle: (header: (typeof HEADERS)[number], day: string) => void,
): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    for (const header of HEADERS) {
      const day = response.headers.get(header);
      // A day, and nothing else that would end up in a log.
      if (day && /^\d{4}-\d{2}-\d{2}$/.test(day)) onLifecycle(header, day);
    }
    return response;
  };
}
