import type { NewWebhook, Webhook } from "../live-chat.ts";
import type { TextWebhook } from "./actions.ts";

/** What v2 calls an event, and the Text platform an action. */
const ACTIONS: Record<string, string> = { chat_started: "incoming_chat", chat_ended: "chat_deactivated" };
const EVENTS = new Map(Object.entries(ACTIONS).map(([event, action]) => [action, event]));

export function toWebhook({ id, action, url }: TextWebhook): Webhook {
  return { id, event_type: EVENTS.get(action) ?? action, url };
}

export function toRegistration({ event_type, url, secret }: NewWebhook, clientId: string) {
  return {
    action: ACTIONS[event_type] ?? event_type,
    secret_key: secret,
    url,
    owner_client_id: clientId,
    type: "license",
    description: "LiveChat Functions",
  };
}
