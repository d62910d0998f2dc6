import { trigger } from "./trigger.ts";

// Ids, summaries and routes are those that flows on Microsoft's connector have stored.

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
