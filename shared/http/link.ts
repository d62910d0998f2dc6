/** A `Link` header to the next part of a list (RFC 8288): the same call with these parameters. */
export function linkToNext(url: URL, parameters: Record<string, string | number | undefined>): string {
  const next = new URL(url);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) next.searchParams.set(name, String(value));
  }
  return `<${next}>; rel="next"`;
}
