import * as v from "valibot";
import { AppError, Forbidden, InvalidInput, Unauthorized } from "../../shared/core/errors.ts";
import { MAX_BODY_BYTES } from "../../shared/event-log/limits.ts";
import { PROBE_AGENT, refusalReason } from "../../shared/health/refusals.ts";
import { decodeUtf8, type Received } from "../../shared/receive/delivery.ts";
import { verifyCredentials, verifyKey } from "../../shared/receive/verify-sender.ts";
import { Receipt } from "../../shared/schemas/receipt.ts";
import { described, exact } from "../../shared/schemas/vocabulary.ts";
import type { EventType } from "../../shared/schemas/webhook.ts";
import { metrics } from "../../shared/telemetry/metrics.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import type { Services } from "../services.ts";

const KeyQuery = exact({
  key: described(
    v.optional(v.string()),
    "LIVECHAT_WEBHOOK_PASSWORD, or LIVECHAT_WEBHOOK_PASSWORD_PREVIOUS while it is set.",
    "the-webhook-password",
  ),
});

/** Declares a receiver: the operation behind a webhook's URL. It stores a delivery before it answers 200. */
export function receiver({
  type,
  schema,
  credentials,
  receive,
  ...words
}: {
  id: string;
  summary: string;
  description: string;
  route: string;
  /** The type of a delivery in metrics and log lines until its event is known. */
  type: EventType | "text_chat";
  /** Describes the body. */
  schema: v.GenericSchema;
  /** Where the sender's credentials are: in the header `Authorization`, or in the parameter `key` of the query. */
  credentials: "basic" | "key";
  /** Stores a delivery. Resolves only after the delivery is durable. */
  receive(text: string, services: Services): Promise<Received>;
}) {
  const isBasic = credentials === "basic";
  return operation({
    ...words,
    tag: "Receivers",
    method: "POST",
    anonymous: true,
    input: {
      ...(!isBasic && { query: KeyQuery }),
      delivery: {
        schema,
        maxBytes: MAX_BODY_BYTES,
        credentials,
        verify: ({ headers, query }, { settings: { webhook } }) =>
          isBasic
            ? verifyCredentials(headers.get("authorization"), webhook.credentials)
            : verifyKey(query.get("key"), webhook.credentials),
        // The sender stops repeating a refused delivery, and then its event is missing. So refusals are counted.
        refused(error, call, { refusals }) {
          if (call.headers.get("user-agent") === PROBE_AGENT) return;
          const reason = refusalReason(error);
          const outcome = reason ?? (error instanceof AppError ? error.kind : "defect");
          metrics.events.add(1, { type, outcome });
          // An error of the app or its storage is logged by `handle`, and the sender repeats the delivery.
          if (reason) refusals.record({ type, reason }, call.log);
        },
      },
    },
    output: { status: 200, description: "The delivery is stored.", schema: Receipt },
    errors: [InvalidInput, Unauthorized, ...(isBasic ? [Forbidden] : []), ...storageErrors],
    run: async ({ raw }, services, call) => {
      metrics.payload.record(raw.length, { type });
      const received = await receive(decodeUtf8(raw), services);
      const { type: eventType, status, id } = received;
      metrics.events.add(1, { type: eventType, outcome: status });
      call.log("delivery received", { ...received, bytes: raw.length });
      return { body: { status, id } };
    },
  });
}
