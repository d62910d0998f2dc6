import { EVENT_OF_ACTION } from "../../schemas/text-chat.ts";
import type { NewWebhook, Webhook } from "../live-chat.ts";
import type { TextWebhook } from "./actions.ts";

export function fromTextWebhook({ id, action, url }: TextWebhook): Webhook {
  return { id, event_type: EVENT_OF_ACTION.get(action) ?? action, url };
}

export function toRegistration({ event_type, url, secret }: NewWebhook, clientId: string) {
  const [action] = [...EVENT_OF_ACTION].find(([, event]) => event === event_type) ?? [event_type];
  return {
    action,
    secret_key: secret,
    url,
    owner_client_id: clientId,
    type: "license",
    description: "LiveChat Functions",
  };
}
