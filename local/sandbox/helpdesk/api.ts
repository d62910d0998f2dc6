import { randomUUID } from "node:crypto";
import * as v from "valibot";
import { type Answer, basic, json, type Request } from "../http.ts";
import type { Throttle } from "../throttle.ts";
import type { Desk, HelpDeskTicket } from "./desk.ts";
import { pageOf } from "./desk.ts";
import { HelpDeskRefusal, readAs, refusedByHelpDesk } from "./refusal.ts";

type HelpDeskWebhook = { ID: string; url: string; eventType: string; name: string | null };

export type HelpDeskAccount = {
  credentials: { accountId: string; apiKey: string };
  desk: Desk;
  webhooks: Map<string, HelpDeskWebhook>;
  throttle: Throttle;
  variants: HelpDeskVariants;
};

/** The behaviour of this account where HelpDesk's reference is silent. */
export type HelpDeskVariants = {
  /** The status of each answer to an account without a HelpDesk licence; absent or null for one with a licence. */
  withoutLicence?: number | null;
  /** The place of the ticket in a webhook's body. */
  delivery: "payload" | "payload.ticket" | "ticket" | "bare";
};

const EVENT_TYPES = ["tickets.create", "tickets.update", "tickets.statusChange"] as const;
const NewWebhook = v.object({
  url: v.pipe(v.string(), v.url()),
  eventType: v.picklist(EVENT_TYPES),
  name: v.optional(v.string()),
});

/** Registers a webhook. Two equal registrations make two webhooks. */
export function registerWebhook(webhooks: Map<string, HelpDeskWebhook>, input: unknown): HelpDeskWebhook {
  const { url, eventType, name = null } = readAs(NewWebhook, input);
  const webhook = { ID: randomUUID(), url, eventType, name };
  webhooks.set(webhook.ID, webhook);
  return webhook;
}

type Params = { id: string; other: string };
type Route = [
  method: string,
  path: RegExp,
  status: number,
  act: (call: Params & { query: unknown; body: unknown }) => unknown,
];

/** HelpDesk's API: the routes that this project calls. */
export function helpDeskApi(account: HelpDeskAccount): (request: Request, path: string) => Answer {
  const { desk, webhooks, variants, credentials, throttle } = account;
  const routes: Route[] = [
    ["GET", /^\/tickets$/, 200, ({ query }) => pageOf(desk, query)],
    ["POST", /^\/tickets$/, 201, ({ body }) => desk.create(body)],
    ["GET", /^\/tickets\/([^/]+)$/, 200, ({ id }) => desk.get(id)],
    ["PATCH", /^\/tickets\/([^/]+)$/, 200, ({ id, body }) => desk.change(id, body)],
    ["POST", /^\/tickets\/([^/]+)\/tags$/, 200, ({ id, body }) => desk.tag(id, body)],
    ["DELETE", /^\/tickets\/([^/]+)\/tags\/([^/]+)$/, 200, ({ id, other }) => desk.untag(id, other)],
    ["GET", /^\/agents$/, 200, () => desk.agents],
    ["GET", /^\/teams$/, 200, () => desk.teams],
    ["GET", /^\/tags$/, 200, () => desk.tags],
    ["POST", /^\/tags$/, 201, ({ body }) => desk.createTag(body)],
    ["GET", /^\/webhooks$/, 200, () => [...webhooks.values()]],
    ["POST", /^\/webhooks$/, 201, ({ body }) => registerWebhook(webhooks, body)],
    ["DELETE", /^\/webhooks\/([^/]+)$/, 200, ({ id }) => unregister(id)],
  ];

  function unregister(id: string): object {
    if (!webhooks.delete(id)) throw new HelpDeskRefusal(404, "Webhook not found");
    return {};
  }

  function act({ method, headers, body, query }: Request, path: string): Answer {
    const { accountId, apiKey } = credentials;
    if (!headers["user-agent"]) throw new HelpDeskRefusal(403, "Forbidden");
    if (headers.authorization !== basic(accountId, apiKey)) throw new HelpDeskRefusal(401, "Unauthorized");
    const { withoutLicence } = variants;
    if (withoutLicence) throw new HelpDeskRefusal(withoutLicence, "No HelpDesk license");
    const retryAfter = throttle.count(accountId);
    if (retryAfter) throw new HelpDeskRefusal(429, "Too many requests", { headers: retryAfter });
    for (const [verb, route, status, run] of routes) {
      const found = verb === method ? route.exec(path) : null;
      if (!found) continue;
      const [id = "", other = ""] = found.slice(1).map(decodeURIComponent);
      const call = { id, other, query: Object.fromEntries(new URLSearchParams(query)), body: parse(body) };
      const result = run(call);
      if (run !== routes[0]?.[3]) return json(status, result);
      const { rows, pages } = result as { rows: unknown[]; pages: number };
      const answer = json(status, rows);
      return { ...answer, headers: { ...answer.headers, "X-Total-Pages": String(pages) } };
    }
    throw new HelpDeskRefusal(404, "Not found");
  }

  return (request, path) => {
    try {
      return act(request, path);
    } catch (error) {
      if (!(error instanceof HelpDeskRefusal)) throw error;
      return refusedByHelpDesk(error);
    }
  };
}

/** The body of the webhook for a new ticket. */
export function deliveryOf(ticket: HelpDeskTicket, shape: HelpDeskVariants["delivery"]): unknown {
  const eventType = "tickets.create";
  if (shape === "payload") return { eventType, payload: ticket };
  if (shape === "payload.ticket") return { eventType, payload: { ticket } };
  return shape === "ticket" ? { eventType, ticket } : ticket;
}

function parse(body: string): unknown {
  if (body === "") return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new HelpDeskRefusal(400, "The body is not JSON");
  }
}
