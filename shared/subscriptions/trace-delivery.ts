import { metrics } from "../telemetry/metrics.ts";
import { inSpan, SpanKind, SpanStatusCode } from "../telemetry/spans.ts";
import type { OutgoingEvent } from "./message.ts";
import type { CallbackAnswer } from "./post.ts";
import { isDelivered } from "./standing.ts";

/** Adds a delivery to the trace that its first event came in by, and counts its events. The URL is not recorded. */
export function traceDelivery<Sent extends { answer: CallbackAnswer }>(
  { type, id, trace, events }: Pick<OutgoingEvent, "type" | "id" | "trace"> & { events: number },
  send: () => Promise<Sent>,
): Promise<Sent> {
  return inSpan(
    "deliver",
    async (span) => {
      const sent = await send();
      const outcome = isDelivered(sent.answer) ? "delivered" : "failed";
      if (sent.answer.status !== undefined)
        span.setAttribute("http.response.status_code", sent.answer.status);
      if (outcome === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
      metrics.deliveries.add(events, { type, outcome });
      return sent;
    },
    {
      kind: SpanKind.CLIENT,
      attributes: { "livechat.event.type": type, "livechat.event.id": id },
      parent: { traceParent: trace },
      linked: true,
    },
  );
}

/** Counts a subscription that was given up after an event of this type. An alert of `infra/` asks for this outcome. */
export function countGivenUp({ type }: Pick<OutgoingEvent, "type">): void {
  metrics.deliveries.add(1, { type, outcome: "given up" });
}
