import type { EventLog } from "./event-log.ts";
import type { EventQuery } from "./types.ts";

/**
 * Writes events as NDJSON, one a line, until the log or `maxBytes` of UTF-8 ends: what an answer that is held in memory can
 * carry. `next` is the `after` to go on from, and is absent at the end of the log.
 */
export async function exportEvents(
  log: Pick<EventLog, "events">,
  query: EventQuery,
  { maxBytes }: { maxBytes: number },
): Promise<{ text: string; next?: number }> {
  const lines: string[] = [];
  let bytes = 0;
  for await (const event of log.events(query)) {
    lines.push(`${JSON.stringify(event)}\n`);
    bytes += Buffer.byteLength(lines.at(-1) ?? "");
    if (bytes >= maxBytes) return { text: lines.join(""), next: event.seq };
  }
  return { text: lines.join("") };
}
