import * as v from "valibot";
import { AppError, InvalidInput, Unauthorized } from "../../shared/core/errors.ts";
import { MAX_BODY_BYTES } from "../../shared/event-log/limits.ts";
import { receiveText } from "../../shared/receive/receive-text.ts";
import { PROBE, refusalReason } from "../../shared/receive/refusal-reason.ts";
import { NoCredentials, verifyKey } from "../../shared/receive/verify-key.ts";
import * as examples from "../../shared/schemas/examples.ts";
import { exact, named, shape } from "../../shared/schemas/vocabulary.ts";
import { measure } from "../../shared/telemetry/metrics.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import type { Services } from "../services.ts";
import { Receipt } from "./receiver.ts";

const TextChatDelivery = shape(
  "TextChatDelivery",
  v.looseObject({
    webhook_id: named(v.optional(v.string()), "Webhook Id", "Id of the webhook at LiveChat."),
    secret_key: named(v.string(), "Secret Key", "The webhook's password again, as it was registered."),
    action: named(v.picklist(["incoming_chat", "chat_deactivated"]), "Action", "What happened."),
    organization_id: named(
      v.optional(v.string()),
      "Organization Id",
      "The organization that it happened in.",
    ),
    payload: named(
      v.looseObject({}),
      "Payload",
      "Of incoming_chat: the chat with its thread. Of chat_deactivated: chat_id, thread_id and user_id.",
    ),
  }),
  examples.textChatDelivery,
);

const TYPE = "text_chat";

export const receiveTextChat = operation({
  id: "ReceiveTextChat",
  summary: "Receive a chat's start or end from the Text platform",
  description:
    "LiveChat's webhooks incoming_chat and chat_deactivated of the Text platform call this. A start is in the log before the answer is sent. An end is stored before the answer is sent, and enters the log when its transcript has been fetched.",
  tag: "Receivers",
  method: "POST",
  route: "receivers/text/chats",
  access: "anonymous",
  input: {
    query: exact({
      key: named(
        v.optional(v.string()),
        "Key",
        "LIVECHAT_WEBHOOK_PASSWORD, or LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS while it is set.",
        "the-webhook-password",
      ),
    }),
    delivery: {
      schema: TextChatDelivery,
      maxBytes: MAX_BODY_BYTES,
      credentials: "key",
      verify: ({ query }, { settings }) => verifyKey(query.get("key"), passwords(settings)),
      // LiveChat repeats it for a minute and then gives up; the reconciliation finds the chat.
      refused(error, call, { refusals }) {
        if (call.headers.get("user-agent") === PROBE) return;
        const reason = refusalReason(error, !(error instanceof NoCredentials));
        const outcome = reason ?? (error instanceof AppError ? error.kind : "defect");
        measure().events.add(1, { type: TYPE, outcome });
        if (reason) refusals.note({ type: TYPE, reason }, call.log);
      },
    },
  },
  output: { status: 200, description: "The delivery is safe.", schema: Receipt },
  errors: [InvalidInput, Unauthorized, ...storageErrors],
  run: async ({ raw }, { eventLog: log, settings, transcripts }, call) => {
    measure().payload.record(raw.length, { type: TYPE });
    const secrets = passwords(settings);
    const { ended, type, ...receipt } = await receiveText(raw, { log, transcripts, secrets });
    // Not awaited: LiveChat waits ten seconds, and the end is durable. A timer makes good what this does not get done.
    if (ended !== undefined) void transcripts.settle(ended);
    measure().events.add(1, { type, outcome: receipt.status });
    call.log("delivery received", { type, ...receipt, bytes: raw.length });
    return { body: receipt };
  },
});

function passwords({ webhook }: Services["settings"]): string[] {
  return webhook.credentials.map(({ password }) => password);
}
