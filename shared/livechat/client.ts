import * as v from "valibot";
import { Agent, AgentSummary, type NewAgent, Removal } from "../schemas/agent.ts";
import {
  type NewTicket,
  OneTicket,
  type TICKET_SOURCES,
  type TICKET_STATUSES,
  type Ticket,
  type TicketChanges,
  TicketPage,
} from "../schemas/ticket.ts";
import { at } from "./address.ts";
import type { Attempt } from "./attempt.ts";
import { createBudget, type Usage } from "./budget.ts";
import { type NewWebhook, OneWebhook, type Webhook, WebhookList } from "./registration.ts";
import { type Call, createSend } from "./send.ts";

export type { Attempt } from "./attempt.ts";
export type { Priority, Usage } from "./budget.ts";
export type { NewWebhook, Webhook } from "./registration.ts";
export type { Call } from "./send.ts";

export type LiveChatOptions = {
  /** Base URL of LiveChat's REST API v2, such as `https://api.livechatinc.com`. */
  url: string;
  /** The e-mail address of the account that the key belongs to. */
  username: string;
  /** API key, or a personal access token in its place; one that begins with `fra:` is used in that region. */
  apiKey: string;
  /** Calls that this process may make in 60 s, repetitions included. */
  rateLimit: number;
  /** Limit of an attempt, the reading of its answer included, in milliseconds; 8,000 by default. */
  attemptTimeout?: number;
  /** Limit of a call with all its attempts and waits, in milliseconds; 25,000 by default. */
  totalTimeout?: number;
  fetch?: typeof fetch;
  /** Numbers from 0 to 1, for jitter. */
  random?: () => number;
  /** Told of every attempt, for telemetry. */
  observe?: (attempt: Attempt) => void;
};

/** What the list of tickets can be filtered and ordered by, in LiveChat's own words. */
export type TicketFilters = {
  /** `YYYY-MM-DD`; by any activity of the ticket. */
  date_from?: string;
  date_to?: string;
  /** By last modification; `desc` by default. */
  order?: "asc" | "desc";
  status?: (typeof TICKET_STATUSES)[number];
  assigned?: "0" | "1";
  /** An agent's login. */
  assignee?: string;
  query?: string;
  "requester[mail]"?: string;
  /** A group's id. */
  group?: number;
  source?: (typeof TICKET_SOURCES)[number];
  tag?: string;
  tagged?: "0" | "1";
};

/**
 * LiveChat's REST API v2. Every method is one call, made of as many attempts as it takes: 429s are repeated whatever
 * the method, failures of LiveChat and of the connection only where to do it twice is to do it once (GET, PUT, DELETE).
 *
 * All of them throw {InvalidInput}, {NotFound} and {Conflict} in LiveChat's words, {UpstreamRefused} for the connection's
 * credentials, {TooManyRequests} with `retryAfter` as soon as it is clear that LiveChat's limit or our own leaves no
 * room in time, {UpstreamFailed} and {UpstreamTimeout} with `outcomeUnknown` when it may have been done all the same;
 * and the reason of the signal that aborts them.
 */
export type LiveChat = {
  listAgents(query?: { status?: string }, call?: Call): Promise<AgentSummary[]>;
  createAgent(agent: NewAgent, call?: Call): Promise<Agent>;
  deleteAgent(login: string, call?: Call): Promise<Removal>;
  /** One of LiveChat's pages, of 25 tickets; the first is 1. */
  listTickets(filters?: TicketFilters & { page?: number }, call?: Call): Promise<TicketPage>;
  getTicket(id: string, call?: Call): Promise<Ticket>;
  createTicket(ticket: NewTicket, call?: Call): Promise<Ticket>;
  /** LiveChat documents tags only; Microsoft's connector sends the whole ticket here, and so do we. */
  updateTicket(id: string, changes: TicketChanges, call?: Call): Promise<Ticket>;
  listWebhooks(call?: Call): Promise<Webhook[]>;
  createWebhook(webhook: NewWebhook, call?: Call): Promise<Webhook>;
  deleteWebhook(id: string, call?: Call): Promise<Removal>;
  /** What of the limit is used right now. */
  usage(): Usage;
};

/**
 * Opens a connection. There is one for the life of the process, since its limit is counted in memory; what several
 * processes do together, LiveChat's 429s keep in bounds.
 */
export function createLiveChat({
  rateLimit,
  attemptTimeout = 8_000,
  totalTimeout = 25_000,
  fetch = globalThis.fetch,
  random = Math.random,
  ...connection
}: LiveChatOptions): LiveChat {
  const budget = createBudget(rateLimit, { random });
  const send = createSend({ ...connection, attemptTimeout, fetch }, budget, { totalTimeout, random });

  return {
    listAgents: async (query, call) =>
      send({ method: "GET", to: at`agents`, query, answer: v.array(AgentSummary) }, call),
    createAgent: async (agent, call) =>
      send({ method: "POST", to: at`agents`, json: agent, answer: Agent }, call),
    deleteAgent: async (login, call) =>
      send({ method: "DELETE", to: at`agents/${login}`, answer: removalOf(login) }, call),

    listTickets: async (filters, call) =>
      send({ method: "GET", to: at`tickets`, query: filters, answer: TicketPage }, call),
    getTicket: async (id, call) => send({ method: "GET", to: at`tickets/${id}`, answer: OneTicket }, call),
    createTicket: async (ticket, call) =>
      send({ method: "POST", to: at`tickets`, json: ticket, answer: OneTicket }, call),
    updateTicket: async (id, changes, call) =>
      send({ method: "PUT", to: at`tickets/${id}/tags`, json: changes, answer: OneTicket }, call),

    listWebhooks: async (call) => send({ method: "GET", to: at`webhooks`, answer: WebhookList }, call),
    createWebhook: async (webhook, call) =>
      send({ method: "POST", to: at`webhooks`, json: webhook, answer: OneWebhook }, call),
    deleteWebhook: async (id, call) =>
      send({ method: "DELETE", to: at`webhooks/${id}`, answer: removalOf(id) }, call),

    usage: budget.usage,
  };
}

/** LiveChat's words for a removal, also where they were lost on the way, or never sent. */
function removalOf(name: string) {
  return v.optional(Removal, { result: `${name} removed successfully` });
}
