import { TRACE } from "../event-log/types.ts";
import { metrics } from "../telemetry/metrics.ts";
import { inSpan, SpanKind, SpanStatusCode } from "../telemetry/spans.ts";
import type { OutgoingEvent } from "./message.ts";
import type { SentEvents } from "./send.ts";
import { isDelivered } from "./standing.ts";

/** Adds a delivery to the trace of its first event, and counts its events. The trace does not contain the URL. */
export function traceDelivery(
  events: readonly OutgoingEvent[],
  send: () => Promise<SentEvents>,
): Promise<SentEvents> {
  const [{ type, id, [TRACE]: trace }] = events as [OutgoingEvent];
  return inSpan(
    "deliver",
    async (span) => {
      const sent = await send();
      const outcome = isDelivered(sent.answer) ? "delivered" : "failed";
      if (sent.answer.status !== undefined)
        span.setAttribute("http.response.status_code", sent.answer.status);
      if (outcome === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
      metrics.deliveries.add(events.length, { type, outcome });
      return sent;
    },
    {
      kind: SpanKind.CLIENT,
      attributes: { "livechat.event.type": type, "livechat.event.id": id },
      parent: { traceParent: trace },
      linkToCurrent: true,
    },
  );
}

/** Counts a subscription that was given up at this event. An alert in `infra/` reads this outcome. */
export function countGivenUp({ type }: OutgoingEvent): void {
  metrics.deliveries.add(1, { type, outcome: "given up" });
}
