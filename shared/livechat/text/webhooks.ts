import * as v from "valibot";
import { readable } from "../../schemas/readable.ts";
import { text } from "../../schemas/vocabulary.ts";
import type { NewWebhook, Webhook } from "../live-chat.ts";
import type { Action } from "./action.ts";

/** What v2 calls an event, and the Text platform an action. */
const ACTIONS: Record<string, string> = { chat_started: "incoming_chat", chat_ended: "chat_deactivated" };
const EVENTS = new Map(Object.entries(ACTIONS).map(([event, action]) => [action, event]));

const TextWebhook = v.looseObject({ id: text, action: text, url: text });

const config = { api: "configuration" } as const;
const CONFIGURE = ["webhooks.configuration:rw"];

export const listWebhooks = {
  ...config,
  name: "list_webhooks",
  scopes: CONFIGURE,
  effect: "read",
  answer: readable(TextWebhook),
} satisfies Action<v.GenericSchema>;
export const registerWebhook = {
  ...config,
  name: "register_webhook",
  scopes: CONFIGURE,
  effect: "create",
  answer: v.looseObject({ id: text }),
} satisfies Action<v.GenericSchema>;
export const unregisterWebhook = {
  ...config,
  name: "unregister_webhook",
  scopes: CONFIGURE,
  effect: "remove",
  answer: v.unknown(),
} satisfies Action<v.GenericSchema>;
export const getLicenseState = {
  ...config,
  name: "get_license_webhooks_state",
  scopes: ["webhooks.state:ro"],
  effect: "read",
  answer: v.looseObject({ license_webhooks_enabled: v.boolean() }),
} satisfies Action<v.GenericSchema>;
export const enableLicense = {
  ...config,
  name: "enable_license_webhooks",
  scopes: ["webhooks.state:rw"],
  effect: "replace",
  answer: v.unknown(),
} satisfies Action<v.GenericSchema>;

export function toWebhook({ id, action, url }: v.InferOutput<typeof TextWebhook>): Webhook {
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
