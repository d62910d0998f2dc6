import type { EventLog } from "../event-log/event-log.ts";
import { currentTrace, inSpan } from "./spans.ts";

/** An event log that records each append as a span, and stores the current trace with the event. */
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
