/** Converts a time to the value of a date and time field: local time without a zone. @param iso ISO 8601 */
export function toLocal(iso: string | undefined): string {
  if (!iso || Number.isNaN(Date.parse(iso))) return "";
  const date = new Date(iso);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Converts the value of a date and time field to ISO 8601 in UTC. */
export function fromLocal(local: string | undefined): string | undefined {
  const date = new Date(local ?? "");
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
