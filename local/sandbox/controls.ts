import type { Agents } from "./agents.ts";
import type { Calls } from "./calls.ts";
import type { ChatEnd, ChatMessage, Chats, NewChat, WholeChat } from "./chats.ts";
import { commonControls } from "./common-controls.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Faults } from "./faults.ts";
import { type Answer, json, type Request, refused } from "./http.ts";
import { Refusal } from "./refusal.ts";
import { routes } from "./routes.ts";
import type { Throttle } from "./throttle.ts";
import type { NewTicket, TicketChange } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";
import { chooseVariants, type Variants } from "./variants.ts";

type Controlled = {
  agents: Agents;
  tickets: Tickets;
  chats: Chats;
  deliveries: Deliveries;
  throttle: Throttle;
  variants: Variants;
  faults: Faults;
  calls: Calls;
};

/**
 * The routes under `/sandbox`, for which LiveChat has no calls: chats of visitors, the work of agents in LiveChat's own
 * app, and failures on demand. They need no credentials, because the sandbox listens on the loopback interface only.
 */
export function controls(sandbox: Controlled): (request: Request) => Answer {
  const { agents, tickets, chats, deliveries, throttle, variants, faults, calls } = sandbox;
  const call = routes({
    "GET /sandbox": () => ({
      agents: agents.list().length,
      tickets: tickets.size,
      chats: chats.size,
      deliveries: deliveries.list.length,
      calls: calls.count,
      faults: faults.planned.length,
      limits: throttle.limits,
      variants,
    }),

    "POST /sandbox/chats": ({ body }) => chats.start(body as NewChat),
    "POST /sandbox/chats/whole": ({ body }) => chats.hold(body as WholeChat),
    "GET /sandbox/chats/:id": ({ params }) => chats.get(params.id),
    "POST /sandbox/chats/:id/messages": ({ params, body }) => chats.say(params.id, body as ChatMessage),
    "POST /sandbox/chats/:id/end": ({ params, body }) => chats.end(params.id, body as ChatEnd),

    /** `?silently=1` sends no webhook, as if the webhook was lost. */
    "POST /sandbox/tickets": ({ query, body }) =>
      tickets.create(body as NewTicket, { silently: query.silently === "1" }),
    "PUT /sandbox/tickets/:id": ({ params, body }) => tickets.change(params.id, body as TicketChange),
    "DELETE /sandbox/tickets/:id": ({ params }) => ({ result: `${tickets.remove(params.id)} removed` }),

    ...commonControls(sandbox),
    "PUT /sandbox/variants": ({ body }) =>
      Object.assign(variants, chooseVariants({ ...variants, ...(body as Partial<Variants>) })),
  });

  return (request) => {
    try {
      return json(200, call(request));
    } catch (error) {
      if (error instanceof Refusal) return refused(error, "errors");
      throw error;
    }
  };
}
