import type { EventType } from "../schemas/webhook.ts";

export type Credentials = { username: string; password: string };

/** Where LiveChat is to deliver, and what it is to present there. */
export type Destination = {
  /** Address of this app as LiveChat reaches it, without `/api`. */
  baseUrl: string;
  /** What the receivers accept; the first pair is what is put into the registered URLs. */
  credentials: readonly [Credentials, ...Credentials[]];
};

/** A webhook that this app lives on. */
export type Wanted = {
  event_type: EventType;
  data_types: string[];
  /** The receiver, without credentials: what tells our webhooks from everybody else's. */
  receiver: string;
};

const RECEIVERS: readonly [type: EventType, name: string, dataTypes: string[]][] = [
  ["chat_started", "chat-started", ["chat", "visitor", "pre_chat_survey"]],
  ["chat_ended", "chat-ended", ["chat", "visitor", "pre_chat_survey"]],
  ["ticket_created", "ticket-created", ["ticket"]],
];

/** The webhooks that must be registered, each exactly once. */
export function wantedWebhooks(baseUrl: string): Wanted[] {
  return RECEIVERS.map(([event_type, name, data_types]) => ({
    event_type,
    data_types,
    receiver: new URL(`${baseUrl}/api/receivers/${name}`).href,
  }));
}

/** The URL to register. LiveChat can set no header, so it takes the credentials of its Basic authorization from there. */
export function urlWith({ username, password }: Credentials, receiver: string): string {
  const url = new URL(receiver);
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
  return receiver.href;
}

/** Whether LiveChat will present these credentials to the URL. */
export function presents(url: string, { username, password }: Credentials): boolean {
  const given = new URL(url);
  try {
    return decodeURIComponent(given.username) === username && decodeURIComponent(given.password) === password;
  } catch {
    return false;
  }
}
