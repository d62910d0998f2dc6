import type { EventType } from "../schemas/webhook.ts";
import { measure } from "../telemetry/metrics.ts";
import { inSpan, SpanKind, SpanStatusCode } from "../telemetry/spans.ts";
import type { CallbackAnswer } from "./post.ts";
import { isDelivered } from "./standing.ts";

/** Adds a delivery to the trace that its first event came in by, and counts its events. The URL is not recorded. */
export function traceDelivery(
  { type, id, trace, events }: { type: EventType; id: string; trace?: string; events: number },
  post: () => Promise<CallbackAnswer>,
): Promise<CallbackAnswer> {
  return inSpan(
    "deliver",
    async (span) => {
      const answer = await post();
      const outcome = isDelivered(answer) ? "delivered" : "failed";
      if ("status" in answer) span.setAttribute("http.response.status_code", answer.status);
      if (outcome === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
      measure().deliveries.add(events, { type, outcome });
      return answer;
    },
    {
      kind: SpanKind.CLIENT,
      attributes: { "livechat.event.type": type, "livechat.event.id": id },
      parent: { traceParent: trace },
      linked: true,
    },
  );
}
