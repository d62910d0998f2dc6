import type { EventLog } from "./event-log.ts";
import type { EventQuery } from "./types.ts";

/**
 * Events as NDJSON, one a line, up to the end of the log or `maxBytes` of UTF-8. The limit is needed because the whole
 * answer is in memory. `next` is the `after` of the next part; it is absent at the end of the log.
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
