import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Agents } from "./agents.ts";
import { type Account, type Credentials, liveChatApi } from "./api.ts";
import { Calls } from "./calls.ts";
import { Chats } from "./chats.ts";
import { controls } from "./controls.ts";
import { Deliveries, type DeliveryOptions } from "./deliveries.ts";
import { fail } from "./failing.ts";
import { Faults } from "./faults.ts";
import { plain, readRequest, send } from "./http.ts";
import { chatPayload, ticketPayload } from "./shapes.ts";
import { type Limits, Throttle } from "./throttle.ts";
import { Tickets } from "./tickets.ts";
import { chooseVariants, type Variants } from "./variants.ts";
import { Webhooks } from "./webhooks.ts";

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

/** A LiveChat account of one's own, with everything that the API does not let one do to it. */
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
  const deliveries = new Deliveries(license, now, options.deliveries);
  const agents = new Agents(credentials.username);
  const tickets = new Tickets(agents, now, (ticket) =>
    deliveries.send("ticket_created", { ticket: ticketPayload(ticket, agents, variants) }, webhooks.list()),
  );
  const chats = new Chats(agents, now, (event, chat) =>
    deliveries.send(event, chatPayload(chat, variants), webhooks.list()),
  );

  const account = { credentials, license, agents, tickets, chats, webhooks, deliveries, throttle, variants };
  const api = liveChatApi(account);
  const control = controls({ ...account, faults, calls });

  const server = createServer(async (incoming, response) => {
    try {
      const request = await readRequest(incoming);
      const { method, path } = request;
      if (path === "/sandbox" || path.startsWith("/sandbox/")) return send(response, control(request));
      const call = calls.add({ method, url: incoming.url ?? path, at: now(), status: null });
      const fault = faults.next(method, path);
      if (fault) {
        call.status = fail(response, fault, () => api(request));
      } else {
        const answer = api(request);
        call.status = answer.status;
        send(response, answer);
      }
    } catch (error) {
      if (incoming.destroyed && !incoming.complete) return;
      console.error("The sandbox itself failed:", error);
      if (!response.headersSent) send(response, plain(500, "Internal Server Error"));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });

  async function close(): Promise<void> {
    deliveries.close();
    await new Promise((resolve) => {
      server.close(resolve);
      // Answers are given at once; what is still open is idle, or stalls for ever.
      server.closeAllConnections();
    });
  }

  return {
    ...account,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    calls,
    close,
    [Symbol.asyncDispose]: close,
  };
}
