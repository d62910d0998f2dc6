import { Agents } from "./agents.ts";
import { type Account, type Credentials, liveChatApi } from "./api.ts";
import { Calls } from "./calls.ts";
import { Chats } from "./chats.ts";
import { controls } from "./controls.ts";
import { Deliveries, type DeliveryOptions } from "./deliveries.ts";
import { Faults } from "./faults.ts";
import { serve } from "./serve.ts";
import { chatPayload, ticketPayload } from "./shapes.ts";
import { type Limits, Throttle } from "./throttle.ts";
import { Tickets } from "./tickets.ts";
import { chooseVariants, type Variants } from "./variants.ts";
import { type EventType, Webhooks } from "./webhooks.ts";

export type SandboxOptions = {
  /** A port on 127.0.0.1; 0, the default, means any free one. */
  port?: number;
  /** The time in epoch milliseconds. */
  now?: () => number;
  credentials?: Credentials;
  /** The licence number of the account. */
  license?: number;
  variants?: Partial<Variants>;
  throttle?: Partial<Limits>;
  deliveries?: DeliveryOptions;
};

/** A running account of LiveChat, with actions that LiveChat's API does not have. */
export type Sandbox = Account & {
  /** The value for `LIVECHAT_API_URL`. */
  url: string;
  license: number;
  chats: Chats;
  /** The events that are sent to webhooks. */
  deliveries: Deliveries;
  /** The planned failures. */
  faults: Faults;
  /** The calls of the API so far. */
  calls: Calls;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** These credentials are no secret: only a sandbox accepts them. */
export const SANDBOX_CREDENTIALS: Credentials = { username: "owner@example.com", apiKey: "sandbox-api-key" };

/** Starts a stand-in for LiveChat's REST API v2 and its webhooks, in memory, on 127.0.0.1. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, now = Date.now, credentials = SANDBOX_CREDENTIALS, license = 12345678 } = options;
  const variants = chooseVariants(options.variants);
  const throttle = new Throttle(now, options.throttle);
  const faults = new Faults();
  const calls = new Calls();
  const webhooks = new Webhooks(license);
  const deliveries = new Deliveries(now, options.deliveries);
  const announce = (event: EventType, data: Record<string, unknown>) =>
    deliveries.send(event, ...webhooks.targets(event, data));
  const agents = new Agents(credentials.username);
  const tickets = new Tickets(agents, now, (ticket) =>
    announce("ticket_created", { ticket: ticketPayload(ticket, agents, variants) }),
  );
  const chats = new Chats(agents, now, (event, chat) => announce(event, chatPayload(chat, variants)));

  const account = { credentials, license, agents, tickets, chats, webhooks, deliveries, throttle, variants };
  const api = liveChatApi(account);
  const control = controls({ ...account, faults, calls });

  const server = await serve({ port, now, api, control, faults, calls });

  async function close(): Promise<void> {
    deliveries.close();
    await server.close();
  }

  return {
    ...account,
    url: server.url,
    faults,
    calls,
    close,
    [Symbol.asyncDispose]: close,
  };
}
