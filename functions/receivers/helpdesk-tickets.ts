import * as v from "valibot";
import { AppError, InvalidInput, Unauthorized } from "../../shared/core/errors.ts";
import { MAX_BODY_BYTES } from "../../shared/event-log/limits.ts";
import { receiveHelpDesk } from "../../shared/receive/receive-helpdesk.ts";
import { PROBE, refusalReason } from "../../shared/receive/refusal-reason.ts";
import { NoCredentials, verifyKey } from "../../shared/receive/verify-key.ts";
import * as examples from "../../shared/schemas/examples.ts";
import { exact, named, shape } from "../../shared/schemas/vocabulary.ts";
import { measure } from "../../shared/telemetry/metrics.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { Receipt } from "./receiver.ts";

const HelpDeskDelivery = shape(
  "HelpDeskDelivery",
  v.looseObject({
    eventType: named(v.optional(v.string()), "Event Type", "tickets.create."),
    payload: named(v.looseObject({}), "Payload", "The ticket. Only its ID is used."),
  }),
  examples.helpDeskDelivery,
);

const TYPE = "ticket_created";

export const receiveHelpDeskTicket = operation({
  id: "ReceiveHelpDeskTicket",
  summary: "Receive a new ticket from HelpDesk",
  description:
    "HelpDesk's webhook tickets.create calls this. Only the ticket's id is used. It is durable before the answer is given, and the event is in the log as soon as the ticket has been read from HelpDesk.",
  tag: "Receivers",
  method: "POST",
  route: "receivers/helpdesk/tickets",
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
      schema: HelpDeskDelivery,
      maxBytes: MAX_BODY_BYTES,
      credentials: "key",
      verify: ({ query }, { settings }) =>
        verifyKey(
          query.get("key"),
          settings.webhook.credentials.map(({ password }) => password),
        ),
      // HelpDesk repeats it for a day and then gives up; the reconciliation finds the ticket.
      refused(error, call, { refusals }) {
        if (call.headers.get("user-agent") === PROBE) return;
        const reason = refusalReason(error, !(error instanceof NoCredentials));
        const outcome = reason ?? (error instanceof AppError ? error.kind : "defect");
        measure().events.add(1, { type: TYPE, outcome });
        if (reason) refusals.note({ type: TYPE, reason }, call.log);
      },
    },
  },
  output: { status: 200, description: "The delivery is stored.", schema: Receipt },
  errors: [InvalidInput, Unauthorized, ...storageErrors],
  run: async ({ raw }, { eventLog: log, arrivals }, call) => {
    measure().payload.record(raw.length, { type: TYPE });
    const { arrived, ...receipt } = await receiveHelpDesk(raw, { log, arrivals });
    // Not awaited: the id is durable. A timer makes good what this does not get done.
    if (arrived !== undefined) void arrivals.settle(arrived);
    measure().events.add(1, { type: TYPE, outcome: receipt.status });
    call.log("delivery received", { type: TYPE, ...receipt, bytes: raw.length });
    return { body: receipt };
  },
});
