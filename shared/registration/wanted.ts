import { Conflict } from "../core/errors.ts";
import { isLoopback } from "../core/loopback.ts";
import type { Credentials, LiveChatApi } from "../core/settings.ts";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";

/** The app's address for LiveChat, and the credentials that LiveChat presents. */
export type WebhookTarget = {
  /** The address where LiveChat reaches this app, without `/api`. */
  baseUrl: string;
  /** The credentials that the receivers accept. Registered URLs contain the first pair. */
  credentials: readonly [Credentials, ...Credentials[]];
  /** `v2` by default. */
  api?: LiveChatApi;
  /** The events whose webhooks are registered; all by default. */
  events?: readonly EventType[];
};

/**
 * Where a registered URL has its credentials: before the host as Basic authorization, or the password alone as
 * `?key=`.
 */
type CarriedIn = "userinfo" | "key";

/** A webhook that this app needs. */
export type WantedWebhook = {
  event_type: EventType;
  data_types: string[];
  /** The receiver's URL without credentials: a webhook with this URL is this app's. */
  receiver: string;
  carriedIn: CarriedIn;
};

/** The receivers' paths. One receiver takes both chat webhooks of the Text platform. */
const RECEIVER_PATHS: Record<LiveChatApi, Record<EventType, string>> = {
  v2: { chat_started: "chat-started", chat_ended: "chat-ended", ticket_created: "ticket-created" },
  text: { chat_started: "text/chats", chat_ended: "text/chats", ticket_created: "helpdesk/tickets" },
};

const CHAT_DATA = ["chat", "visitor", "pre_chat_survey"];
/** The data that v2's webhooks must include. Webhooks of the Text platform have fixed content. */
const DATA_TYPES = { chat_started: CHAT_DATA, chat_ended: CHAT_DATA, ticket_created: ["ticket"] };

/** The webhooks that must be registered, each exactly once. */
export function wantedWebhooks({
  baseUrl,
  api = "v2",
  events = EVENT_TYPES,
}: Pick<WebhookTarget, "baseUrl" | "api" | "events">): WantedWebhook[] {
  return events.map((event_type) => ({
    event_type,
    data_types: api === "v2" ? DATA_TYPES[event_type] : [],
    receiver: new URL(`${baseUrl}/api/receivers/${RECEIVER_PATHS[api][event_type]}`).href,
    carriedIn: api === "v2" ? "userinfo" : "key",
  }));
}

/** @throws {Conflict} for an address of this machine, unless LiveChat is a sandbox on the same machine */
export function requireReachable(baseUrl: string, liveChatUrl: string): void {
  if (!isLoopback(baseUrl) || isLoopback(liveChatUrl)) return;
  throw new Conflict("WEBHOOK_BASE_URL is an address of this machine: LiveChat cannot deliver there.");
}

/** The URL to register. LiveChat sends no headers of our choice, so the URL contains the credentials. */
export function urlWith(
  { username, password }: Credentials,
  receiver: string,
  carriedIn: CarriedIn = "userinfo",
): string {
  const url = new URL(receiver);
  if (carriedIn === "key") {
    url.searchParams.set("key", password);
    return url.href;
  }
  // The setters of `URL` do not encode `%`, so a password such as "50%25" would change.
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** A registered URL without its credentials; `undefined` for text that is not a URL. */
export function receiverOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const receiver = new URL(url);
  receiver.username = receiver.password = "";
  receiver.searchParams.delete("key");
  return receiver.href;
}

/** True if a registered URL contains these credentials. */
export function presents(
  url: string,
  { username, password }: Credentials,
  carriedIn: CarriedIn = "userinfo",
): boolean {
  const given = new URL(url);
  if (carriedIn === "key") return given.searchParams.get("key") === password;
  try {
    return decodeURIComponent(given.username) === username && decodeURIComponent(given.password) === password;
  } catch {
    return false;
  }
}
