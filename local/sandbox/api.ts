import type { IncomingHttpHeaders } from "node:http";
import type { Agents, NewAgent } from "./agents.ts";
import { type Answer, basic, json, type Request, refused } from "./http.ts";
import { Refusal } from "./refusal.ts";
import { routes } from "./routes.ts";
import { agentAnswer, agentItem, pageAnswer, ticketAnswer } from "./shapes.ts";
import type { Throttle } from "./throttle.ts";
import type { NewTicket, Ticket, TicketChange } from "./ticket.ts";
import { readTicketFilter } from "./ticket-filter.ts";
import type { Tickets } from "./tickets.ts";
import type { Variants } from "./variants.ts";
import type { NewWebhook, Webhooks } from "./webhooks.ts";

/** The credentials of calls. `apiKey` is also accepted as a bearer token. */
export type Credentials = { username: string; apiKey: string };

export type Account = {
  credentials: Credentials;
  agents: Agents;
  tickets: Tickets;
  webhooks: Webhooks;
  throttle: Throttle;
  variants: Variants;
};

/** LiveChat's REST API v2: the routes that this project calls. */
export function liveChatApi(account: Account): (request: Request) => Answer {
  const { agents, tickets, webhooks, variants } = account;
  const one = (ticket: Ticket) => ticketAnswer(ticket, agents, variants);

  // Each method checks the body that it gets, so the casts are safe.
  const call = routes({
    "GET /agents": ({ query }) => agents.list(query.status).map(agentItem),
    "POST /agents": ({ body }) => agentAnswer(agents.add(body as NewAgent), agents),
    "DELETE /agents/:login": ({ params }) => ({
      result: `${agents.remove(params.login)} removed successfully`,
    }),

    "GET /tickets": ({ query }) => {
      const { filter, page } = readTicketFilter(query);
      return pageAnswer(tickets.page(filter, page), agents, variants);
    },
    "GET /tickets/:id": ({ params }) => one(tickets.get(params.id)),
    "POST /tickets": ({ body }) => one(tickets.create(body as NewTicket)),
    "PUT /tickets/:id/tags": ({ params, body }) => {
      const asked = body as TicketChange;
      return one(tickets.change(params.id, variants.updates === "everything" ? asked : { tag: asked.tag }));
    },

    "GET /webhooks": () => ({ events: webhooks.list() }),
    "POST /webhooks": ({ body }) => ({ events: [webhooks.register(body as NewWebhook)] }),
    "DELETE /webhooks/:id": ({ params }) => ({
      result: `${webhooks.remove(params.id)} removed successfully`,
    }),
  });

  return (request) => {
    try {
      const retryAfter = account.throttle.count(authenticate(request.headers, account.credentials));
      if (retryAfter) throw new Refusal(429, "Too many requests", retryAfter);
      if (request.headers["x-api-version"] !== "2") throw new Refusal(400, "X-API-Version must be 2");
      return json(200, call(request));
    } catch (error) {
      if (error instanceof Refusal) return refused(error, variants.errors);
      throw error;
    }
  };
}

/** @returns the credentials; the throttle counts the calls of each */
function authenticate(
  { authorization = "", ...headers }: IncomingHttpHeaders,
  { username, apiKey }: Credentials,
): string {
  const isKnown = authorization === basic(username, apiKey) || authorization === `Bearer ${apiKey}`;
  // A call without a region goes to Dallas, which does not know the tokens of Frankfurt.
  const isHere = !apiKey.startsWith("fra:") || headers["x-region"] === "fra";
  if (!isKnown || !isHere) throw new Refusal(401, "Unauthorized");
  return authorization;
}
