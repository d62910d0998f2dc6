import { SECOND } from "../core/time.ts";

/** How far LiveChat's clock may be behind ours, its rounding to seconds included, in milliseconds. */
const CLOCK_LAG = 30 * SECOND;

/** The earliest time that LiveChat can give to what was done at `since` or later. Both are ISO 8601. */
export function earliestOf(since: string): string {
  return new Date(Date.parse(since) - CLOCK_LAG).toISOString();
}

/**
 * The places of a message among a ticket's events; the first is 0. A ticket that does not fit its schema may have
 * anything in the place of its events.
 *
 * @param earliest ISO 8601: events before it are left out, and those without a time are not
 */
export function findMessage({ events }: { events?: unknown }, message: string, earliest = ""): number[] {
  if (!Array.isArray(events)) return [];
  return events.flatMap((event, place) => {
    const isSame = typeof event?.message === "string" && plain(event.message) === plain(message);
    return isSame && String(event.date ?? earliest) >= earliest ? [place] : [];
  });
}

/** White space is not always kept as it was. */
export function plain(text: unknown): string {
  return String(text).replace(/\s+/g, " ").trim();
}
