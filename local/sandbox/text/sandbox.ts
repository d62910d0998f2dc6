import { Calls } from "../calls.ts";
import { Deliveries, type DeliveryOptions } from "../deliveries.ts";
import { Faults } from "../faults.ts";
import { deliveryOf, type HelpDeskAccount, helpDeskApi, registerWebhook } from "../helpdesk/api.ts";
import { Desk } from "../helpdesk/desk.ts";
import type { Request } from "../http.ts";
import { serve } from "../serve.ts";
import { type Limits, Throttle } from "../throttle.ts";
import { TextAgents } from "./agents.ts";
import { type TextAccount, type TextCredentials, textApi } from "./api.ts";
import { TextChats } from "./chats.ts";
import { textControls } from "./controls.ts";
import { chooseTextVariants, type TextVariants } from "./variants.ts";
import { TextWebhooks } from "./webhooks.ts";

export type TextSandboxOptions = {
  /** A port on 127.0.0.1; 0, the default, means any free one. */
  port?: number;
  /** The time in epoch milliseconds. */
  now?: () => number;
  credentials?: TextCredentials;
  organization?: string;
  variants?: Partial<TextVariants>;
  helpDesk?: Partial<HelpDeskAccount["variants"]>;
  throttle?: Partial<Limits>;
  deliveries?: DeliveryOptions;
};

/** A running account of the Text platform, with actions that its APIs do not have. */
export type TextSandbox = TextAccount & {
  /** The value for `LIVECHAT_API_URL`. */
  url: string;
  organization: string;
  /** The account's HelpDesk. `url` is the value for `HELPDESK_API_URL`. */
  helpDesk: HelpDeskAccount & { url: string; register(webhook: { url: string; eventType: string }): unknown };
  deliveries: Deliveries;
  faults: Faults;
  calls: Calls;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** These credentials are no secret: only a sandbox accepts them. */
export const TEXT_CREDENTIALS: TextCredentials = {
  accountId: "d24fa41e-bc16-41b8-a15b-9ca45ff7e0cf",
  apiKey: "dal:sandbox-api-key",
  clientId: "c6e4f62e2a2dab12531235b12c5a2a6b",
};

/** The path of HelpDesk's API on the sandbox's server. */
export const HELPDESK = "/helpdesk/v1";

/** The pauses before each repetition, in milliseconds. LiveChat promises three within a minute, but not their times. */
const TEXT_RETRY_DELAYS = [2_000, 10_000, 40_000];

/** Starts a stand-in for the Text platform's APIs 3.6 and its webhooks, in memory, on 127.0.0.1. */
export async function startTextSandbox(options: TextSandboxOptions = {}): Promise<TextSandbox> {
  const { port = 0, now = Date.now, credentials = TEXT_CREDENTIALS } = options;
  const organization = options.organization ?? "390e44e6-f1e6-4368-a6dd-74f14508c2e0";
  const variants = chooseTextVariants(options.variants);
  const throttle = new Throttle(now, options.throttle);
  const faults = new Faults();
  const calls = new Calls();
  const webhooks = new TextWebhooks(organization, [credentials.clientId]);
  const deliveries = new Deliveries(now, { delays: TEXT_RETRY_DELAYS, ...options.deliveries });
  const agents = new TextAgents("owner@example.com", now, () => variants.propagation);
  const chats = new TextChats(agents, now, ({ action, payload }) =>
    deliveries.send(action, ...webhooks.targets(action, payload)),
  );

  const billed = { calls: 0 };
  const account = { credentials, agents, chats, webhooks, throttle, variants, billed };
  const helpDesk: HelpDeskAccount = {
    credentials,
    desk: new Desk(now, (ticket) => {
      const targets = [...helpDesk.webhooks.values()].filter(
        ({ eventType }) => eventType === "tickets.create",
      );
      deliveries.send(
        "tickets.create",
        targets.map(({ ID, url }) => ({ id: ID, url })),
        () => deliveryOf(ticket, helpDesk.variants.delivery),
      );
    }),
    webhooks: new Map(),
    throttle: new Throttle(now, options.throttle),
    variants: { delivery: "payload", ...options.helpDesk },
  };
  const apis = { text: textApi(account), helpDesk: helpDeskApi(helpDesk) };
  const api = (request: Request) =>
    request.path.startsWith(`${HELPDESK}/`)
      ? apis.helpDesk(request, request.path.slice(HELPDESK.length))
      : apis.text(request);
  const control = textControls({ ...account, helpDesk, deliveries, faults, calls });
  const server = await serve({ port, now, api, control, faults, calls });

  async function close(): Promise<void> {
    deliveries.close();
    await server.close();
  }

  return {
    ...account,
    url: server.url,
    helpDesk: {
      ...helpDesk,
      url: server.url + HELPDESK,
      register: (webhook) => registerWebhook(helpDesk.webhooks, webhook),
    },
    organization,
    deliveries,
    faults,
    calls,
    close,
    [Symbol.asyncDispose]: close,
  };
}
