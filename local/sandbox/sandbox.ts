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
  /** On 127.0.0.1; 0, the default, takes any free one. */
  port?: number;
  /** Epoch milliseconds. */
  now?: () => number;
  credentials?: Credentials;
  /** The number of the account. */
  license?: number;
  variants?: Partial<Variants>;
  throttle?: Partial<Limits>;
  deliveries?: DeliveryOptions;
};

/** A LiveChat account, with the actions that LiveChat's API does not offer. */
export type Sandbox = Account & {
  /** What `LIVECHAT_API_URL` is to be set to. */
  url: string;
  license: number;
  chats: Chats;
  /** Events on their way to the webhooks. */
  deliveries: Deliveries;
  /** Failures to come. */
  faults: Faults;
  /** Calls of the API that came. */
  calls: Calls;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** No secret: they open nothing but a sandbox. */
export const SANDBOX_CREDENTIALS: Credentials = { username: "owner@example.com", apiKey: "sandbox-api-key" };

/** A stand-in for LiveChat's REST API v2 and the webhooks that it sends, in memory, on 127.0.0.1. */
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
