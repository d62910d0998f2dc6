import * as v from "valibot";
import { AppError, Forbidden, InvalidInput, Unauthorized } from "../../shared/core/errors.ts";
import { MAX_BODY_BYTES } from "../../shared/event-log/limits.ts";
import { receive } from "../../shared/receive/receive.ts";
import { PROBE, refusalReason } from "../../shared/receive/refusal-reason.ts";
import { verifyCredentials } from "../../shared/receive/verify-credentials.ts";
import * as examples from "../../shared/schemas/examples.ts";
import { named, published, shape } from "../../shared/schemas/vocabulary.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../../shared/schemas/webhook.ts";
import { measure } from "../../shared/telemetry/metrics.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const Receipt = shape(
  "Receipt",
  v.object({
    status: named(
      v.picklist(["stored", "duplicate", "quarantined"]),
      "Status",
      "stored: new in the log. duplicate: already in the log. quarantined: kept aside, because the app could not read it.",
    ),
    id: named(v.string(), "Id", "The id of the event in the log, or of the entry in the quarantine."),
  }),
  { status: "stored", id: examples.chatEndedEvent.id },
);

/** The body of each, in the spelling that the log gives it back in. */
const deliveries: Record<EventType, v.GenericSchema> = {
  chat_started: v.pipe(WebhookChatResponse, published({ example: examples.chatStarted })),
  chat_ended: WebhookChatResponse,
  ticket_created: WebhookTicketResponse,
};

/** The receiver of one of LiveChat's webhooks. LiveChat tries again for hours unless the answer is exactly 200. */
export function receiver(type: EventType, words: { id: string; summary: string; route: string }) {
  return operation({
    ...words,
    description: `LiveChat's webhook ${type} calls this. The event is stored in the log before the answer is sent.`,
    tag: "Receivers",
    method: "POST",
    access: "anonymous",
    input: {
      delivery: {
        schema: deliveries[type],
        maxBytes: MAX_BODY_BYTES,
        credentials: "basic",
        verify: ({ headers }, { settings }) =>
          verifyCredentials(headers.get("authorization"), settings.webhook.credentials),
        // LiveChat repeats it for hours and then gives up: this event will be missing.
        refused(error, call, { refusals }) {
          if (call.headers.get("user-agent") === PROBE) return;
          const reason = refusalReason(error, call.headers.get("authorization") !== null);
          const outcome = reason ?? (error instanceof AppError ? error.kind : "defect");
          measure().events.add(1, { type, outcome });
          // A failure of ours has a line of its own, and LiveChat repeats the delivery.
          if (reason) refusals.note({ type, reason }, call.log);
        },
      },
    },
    output: { status: 200, description: "The delivery is stored.", schema: Receipt },
    errors: [InvalidInput, Unauthorized, Forbidden, ...storageErrors],
    run: async ({ raw }, { eventLog: log, settings }, call) => {
      measure().payload.record(raw.length, { type });
      const { licenseId } = settings.webhook;
      const once = settings.liveChat.api === "text";
      const receipt = await receive(raw, type, { log, licenseId, once });
      measure().events.add(1, { type, outcome: receipt.status });
      call.log("delivery received", { type, ...receipt, bytes: raw.length });
      return { body: receipt };
    },
  });
}
