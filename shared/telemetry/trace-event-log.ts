import type { EventLog } from "../event-log/event-log.ts";
import { currentTrace, inSpan } from "./spans.ts";

/** The log, in whose traces appends show, and whose events remember the trace that they came in by. */
export function traceEventLog(log: EventLog): EventLog {
  return {
    ...log,
    append: (event) =>
      inSpan("append", async (span) => {
        const appended = await log.append({ ...event, trace: currentTrace() });
        span.setAttributes({
          "livechat.event.type": event.type,
          "livechat.event.id": appended.id,
          "livechat.outcome": appended.status,
        });
        return appended;
      }),
  };
}
