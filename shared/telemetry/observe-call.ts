import type { CallAttempt, Usage } from "../livechat/live-chat.ts";
import { metrics } from "./metrics.ts";
import { addSpan, SpanKind } from "./spans.ts";

/** Adds an attempt of a LiveChat call to the caller's trace, and counts it. */
export function observeCall(attempt: CallAttempt): void {
  const { method, route, status = 0, debugId, error, retries, waited, duration } = attempt;
  addSpan(`${method} /${route}`, {
    kind: SpanKind.CLIENT,
    duration,
    failed: error,
    attributes: {
      "http.request.method": method,
      "http.response.status_code": status,
      "url.template": `/${route}`,
      "http.request.resend_count": retries,
      "livechat.waited_ms": waited,
      ...(debugId !== undefined && { "livechat.debug_id": debugId }),
    },
  });
  const { calls, callDuration, callWait } = metrics;
  calls.add(1, { method, route, status, retry: retries > 0 });
  callDuration.record(duration, { method, route });
  callWait.record(waited, { method, route });
}

/** Records the rest of the budget after a call. */
export function observeBudget({ limit, used }: Usage): void {
  metrics.budgetLeft.record(Math.max(0, limit - used));
}
