import type { Credentials } from "../core/credentials.ts";
import { Conflict } from "../core/errors.ts";
import { isLoopback } from "../core/loopback.ts";
import type { LiveChatApi } from "../core/settings.ts";
import { EVENT_TYPES, type EventType } from "../schemas/webhook.ts";

/** The app's address for LiveChat, and the credentials that LiveChat presents. */
export type Destination = {
  /** Address of this app as LiveChat reaches it, without `/api`. */
  baseUrl: string;
  /** What the receivers accept; the first pair is what is put into the registered URLs. */
  credentials: readonly [Credentials, ...Credentials[]];
  /** `v2` by default. */
  api?: LiveChatApi;
  /** The events whose webhooks are registered; all by default. */
  events?: readonly EventType[];
};

/** Where a registered URL carries its credentials: before the host, as Basic authorization, or as `?key=`, the password alone. */
export type CarriedIn = "userinfo" | "key";

/** A webhook that this app needs. */
export type WantedWebhook = {
  event_type: EventType;
  data_types: string[];
  /** The receiver's URL without credentials: a webhook with this URL is this app's. */
  receiver: string;
  carriedIn: CarriedIn;
};

type Receiver = Omit<WantedWebhook, "receiver"> & { path: string };

const CHAT = ["chat", "visitor", "pre_chat_survey"];

const RECEIVERS: Record<LiveChatApi, readonly Receiver[]> = {
  v2: [
    { event_type: "chat_started", path: "chat-started", data_types: CHAT, carriedIn: "userinfo" },
    { event_type: "chat_ended", path: "chat-ended", data_types: CHAT, carriedIn: "userinfo" },
    { event_type: "ticket_created", path: "ticket-created", data_types: ["ticket"], carriedIn: "userinfo" },
  ],
  // These webhooks have fixed content, and one receiver takes both.
  text: [
    { event_type: "chat_started", path: "text/chats", data_types: [], carriedIn: "key" },
    { event_type: "chat_ended", path: "text/chats", data_types: [], carriedIn: "key" },
    { event_type: "ticket_created", path: "helpdesk/tickets", data_types: [], carriedIn: "key" },
  ],
};

/** The webhooks that must be registered, each exactly once. */
export function wantedWebhooks({
  baseUrl,
  api = "v2",
  events = EVENT_TYPES,
}: Pick<Destination, "baseUrl" | "api" | "events">): WantedWebhook[] {
  const receivers = RECEIVERS[api].filter(({ event_type }) => events.includes(event_type));
  return receivers.map(({ path, ...wanted }) => ({
    ...wanted,
    receiver: new URL(`${baseUrl}/api/receivers/${path}`).href,
  }));
}

/** @throws {Conflict} for an address of this machine, unless LiveChat itself, as a sandbox, is on it too */
export function requireReachable(baseUrl: string, liveChatUrl: string): void {
  if (!isLoopback(baseUrl) || isLoopback(liveChatUrl)) return;
  throw new Conflict("WEBHOOK_BASE_URL is an address of this machine: LiveChat cannot deliver there.");
}

/** The URL to register. LiveChat cannot send a header that we choose, so the URL contains the credentials. */
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
  // The setters leave a `%` as it is, and would make another password of "50%25".
  url.username = encodeURIComponent(username);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** Where a registered URL leads, without its credentials; `undefined` for text that is no URL. */
export function receiverOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const receiver = new URL(url);
  receiver.username = receiver.password = "";
  receiver.searchParams.delete("key");
  return receiver.href;
}

/** Whether LiveChat will present these credentials to the URL. */
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
