import type { Calls } from "../calls.ts";
import { commonControls } from "../common-controls.ts";
import type { Deliveries } from "../deliveries.ts";
import type { Faults } from "../faults.ts";
import type { HelpDeskAccount, HelpDeskVariants } from "../helpdesk/api.ts";
import { HelpDeskRefusal, refusedByHelpDesk } from "../helpdesk/refusal.ts";
import { type Answer, json, type Request, refused } from "../http.ts";
import { Refusal } from "../refusal.ts";
import { routes } from "../routes.ts";
import type { Limits } from "../throttle.ts";
import type { TextAccount } from "./api.ts";
import type { NewTextChat, TextEnd, TextMessage, Thread, WholeTextChat } from "./chats.ts";
import { refusedAs, TextRefusal } from "./refusal.ts";
import { chooseTextVariants, type TextVariants } from "./variants.ts";

type Controlled = TextAccount & {
  helpDesk: HelpDeskAccount;
  deliveries: Deliveries;
  faults: Faults;
  calls: Calls;
};

/**
 * The routes under `/sandbox`, for which the Text platform has no calls: chats of customers, tickets of HelpDesk, and
 * failures on demand. They need no credentials, because the sandbox listens on the loopback interface only. `?silently=1`
 * sends no webhook, as if the webhook was lost.
 */
export function textControls(sandbox: Controlled): (request: Request) => Answer {
  const { agents, chats, webhooks, deliveries, throttle, variants, faults, calls, billed } = sandbox;
  const { helpDesk } = sandbox;
  const { desk } = helpDesk;
  const silently = (query: { silently?: unknown }) => ({ silently: query.silently === "1" });
  const shown = (thread: Thread) => ({ id: thread.id, chat: chats.view(thread) });
  const call = routes({
    "GET /sandbox": () => ({
      api: "text",
      agents: agents.size,
      chats: chats.size,
      threads: chats.threads.length,
      tickets: desk.tickets.size,
      webhooks: webhooks.all.length + helpDesk.webhooks.size,
      deliveries: deliveries.list.length,
      calls: calls.count,
      billed: billed.calls,
      faults: faults.planned.length,
      limits: throttle.limits,
      variants,
    }),

    "POST /sandbox/chats": ({ query, body }) => shown(chats.start(body as NewTextChat, silently(query))),
    "POST /sandbox/chats/whole": ({ query, body }) =>
      shown(chats.hold(body as WholeTextChat, silently(query))),
    "POST /sandbox/chats/:id/anonymize": ({ params }) => {
      chats.anonymize(params.id);
      return { result: `${params.id} anonymized` };
    },
    "DELETE /sandbox/chats/:id": ({ params }) => {
      chats.remove(params.id);
      return { result: `${params.id} removed` };
    },
    "GET /sandbox/threads/:id": ({ params }) => shown(chats.thread(params.id)),
    "POST /sandbox/threads/:id/messages": ({ params, body }) =>
      shown(chats.say(params.id, body as TextMessage)),
    "POST /sandbox/threads/:id/end": ({ params, query, body }) =>
      shown(chats.end(params.id, body as TextEnd, silently(query))),
    "POST /sandbox/threads/:id/restrict": ({ params }) => shown(chats.restrict(params.id)),

    "POST /sandbox/tickets": ({ query, body }) => desk.create(body, silently(query)),
    "POST /sandbox/tickets/fill": ({ body }) => {
      const { count = 25 } = body as { count?: number };
      return { result: `${desk.fill(count).length} tickets added` };
    },
    "PUT /sandbox/tickets/:id": ({ params, body }) => desk.change(params.id, body),
    "PUT /sandbox/tickets/:id/silo": ({ params, body }) =>
      desk.move(params.id, (body as { silo: "tickets" }).silo),
    "DELETE /sandbox/tickets/:id": ({ params }) => ({ result: `${desk.remove(params.id)} removed` }),
    "PUT /sandbox/helpdesk": ({ body }) =>
      Object.assign(helpDesk.variants, body as Partial<HelpDeskVariants>),
    "PUT /sandbox/helpdesk/throttle": ({ body }) => helpDesk.throttle.set(body as Partial<Limits>),

    ...commonControls(sandbox),
    "PUT /sandbox/variants": ({ body }) =>
      Object.assign(variants, chooseTextVariants({ ...variants, ...(body as Partial<TextVariants>) })),
  });

  return (request) => {
    try {
      return json(200, call(request));
    } catch (error) {
      if (error instanceof Refusal) return refused(error, "errors");
      if (error instanceof TextRefusal) return refusedAs(error, "own");
      if (error instanceof HelpDeskRefusal) return refusedByHelpDesk(error);
      throw error;
    }
  };
}
