import * as v from "valibot";
import { InvalidInput, NoHelpDesk } from "../../shared/core/errors.ts";
import { noHelpDesk } from "../../shared/livechat/helpdesk/no-helpdesk.ts";
import { CreatedTrigger, NewTrigger } from "../../shared/schemas/subscription.ts";
import { exact, named, published } from "../../shared/schemas/vocabulary.ts";
import { type EventType, WebhookChatResponse, WebhookTicketResponse } from "../../shared/schemas/webhook.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { LocationHeader, locationOf } from "./on-subscription.ts";

/** A parameter with only one possible value, which a flow sends by itself. */
function fixed(value: string, title: string, description: string) {
  const literal = v.literal(value, `must be ${value}`);
  const internal = v.pipe(v.optional(literal, value), published({ designer: { visibility: "internal" } }));
  return named(internal, title, description);
}

/** A trigger of flows: subscribes the caller to all future events of this type, until the subscription is deleted. */
function trigger(
  type: EventType,
  words: { id: string; summary: string; description: string; route: string },
) {
  const isTicket = type === "ticket_created";
  const query: v.ObjectEntries = {
    event_type: fixed(type, "Event Type", "The event type to subscribe to."),
    ...(isTicket && { "data_types[]": fixed("ticket", "Data Types", "The data that each event contains.") }),
  };
  return operation({
    ...words,
    tag: "Subscriptions",
    method: "POST",
    input: { query: exact(query), body: NewTrigger },
    output: {
      status: 201,
      description: "The subscription. Repeating the call with the same URL returns the same subscription.",
      schema: CreatedTrigger,
      headers: LocationHeader,
    },
    errors: [InvalidInput, ...(isTicket ? [NoHelpDesk] : []), ...storageErrors],
    trigger: { notification: isTicket ? WebhookTicketResponse : WebhookChatResponse },
    run: async ({ body }, { subscriptions, liveChat, settings }, call) => {
      if (isTicket && settings.liveChat.api === "text") {
        // When LiveChat fails, the subscriber is still accepted.
        const state = await liveChat.ticketsState().catch(() => "here" as const);
        if (state !== "here") throw noHelpDesk(state);
      }
      const { id, secret } = await subscriptions.subscribe({ policy: "block", ...body, types: [type] });
      const location = locationOf(id, call.url, words.route);
      return { body: { id, type, secret }, headers: { location } };
    },
  });
}

// Ids, summaries and routes are those of Microsoft's connector, because flows have stored them.

export const webhookChatStarted = trigger("chat_started", {
  id: "WebhookChatStarted",
  summary: "When a chat starts",
  description: "This operation triggers when new a chat starts.",
  route: "chat_starts_webhook/webhooks",
});

export const webhookChatEnded = trigger("chat_ended", {
  id: "WebhookChatEnded",
  summary: "When a chat ends",
  description: "This operation triggers when a chat ends.",
  route: "chat_ends_webhook/webhooks",
});

export const webhookTicketCreated = trigger("ticket_created", {
  id: "WebhookTicketCreated",
  summary: "When a ticket is created",
  description: "This operation triggers when a new ticket is added.",
  route: "ticket_created_webhook/webhooks",
});
