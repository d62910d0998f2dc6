import { SECOND, toIso } from "../core/time.ts";

/** Milliseconds that LiveChat's clock may be behind ours, including its rounding to seconds. */
const CLOCK_LAG = 30 * SECOND;

/** The earliest time that LiveChat can show for an action at `since` or later. Both are ISO 8601. */
export function earliestOf(since: string): string {
  return toIso(Date.parse(since) - CLOCK_LAG);
}

/**
 * The positions of a message in the list of a ticket's events; the first is 0. A ticket that does not fit its schema
 * may have any value in place of the list.
 *
 * @param earliest ISO 8601: earlier events are left out; events without a time are included
 */
export function findMessage({ events }: { events?: unknown }, message: string, earliest = ""): number[] {
  if (!Array.isArray(events)) return [];
  return events.flatMap((event, place) => {
    const isSame = typeof event?.message === "string" && plain(event.message) === plain(message);
    return isSame && String(event.date ?? earliest) >= earliest ? [place] : [];
  });
}

/** LiveChat does not always keep white space unchanged. */
export function plain(text: unknown): string {
  return String(text).replace(/\s+/g, " ").trim();
}
