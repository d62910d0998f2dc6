import * as v from "valibot";
import { Agent, AgentSummary, Removal } from "../../schemas/agent.ts";
import { OneTicket, type TicketFilters, TicketPage } from "../../schemas/ticket.ts";
import { path } from "../call.ts";
import type { ConnectionOptions, LiveChat } from "../live-chat.ts";
import { refusalByStatus } from "../refusal.ts";
import { type CallOptions, connect } from "../send.ts";
import { findTickets } from "./find-tickets.ts";
import { ticketSource } from "./ticket-source.ts";
import { OneWebhook, WebhookList } from "./webhooks.ts";

export type LiveChatV2Options = ConnectionOptions & {
  /** The email address of the key's account. */
  username: string;
  /** An API key or a personal access token. A token that begins with `fra:` is used in that region. */
  apiKey: string;
};

/**
 * Opens a connection to LiveChat's REST API v2. A process has one client, because the client counts its calls in memory.
 * LiveChat's 429s limit the calls of several processes together.
 */
export function createLiveChatV2({ apiKey, ...options }: LiveChatV2Options): LiveChat {
  const headers = {
    "x-api-version": "2",
    // A token begins with its data centre. LiveChat's default is `dal`.
    ...(apiKey.startsWith("fra:") && { "x-region": "fra" }),
  };
  const { send, usage } = connect({
    ...options,
    name: "LiveChat",
    password: apiKey,
    headers: () => headers,
    readRefusal: refusalByStatus,
  });

  /** Reads a page of 25 tickets. The first page is 1. */
  const listTickets = async (query: TicketFilters & { page: number }, call?: CallOptions) =>
    send({ method: "GET", to: path`tickets`, query, answer: TicketPage }, call);

  return {
    listAgents: async (query, call) =>
      send({ method: "GET", to: path`agents`, query, answer: v.array(AgentSummary) }, call),
    createAgent: async (agent, call) =>
      send({ method: "POST", to: path`agents`, json: agent, answer: Agent }, call),
    deleteAgent: async (login, call) =>
      send({ method: "DELETE", to: path`agents/${login}`, answer: removalOf(login) }, call),

    findTickets: async (filters, range, call) =>
      findTickets((page) => listTickets({ ...filters, page }, call), range),
    ticketSource: (call) => ticketSource((page) => listTickets({ page }, call)),
    ticketsState: async () => "here",
    listTicketWebhooks: async () => [],
    getTicket: async (id, call) => send({ method: "GET", to: path`tickets/${id}`, answer: OneTicket }, call),
    createTicket: async (ticket, call) =>
      send({ method: "POST", to: path`tickets`, json: ticket, answer: OneTicket }, call),
    // LiveChat documents this call for tags only. Microsoft's connector sends all fields, and so does this app.
    updateTicket: async (id, changes, call) =>
      send(
        {
          method: "PUT",
          // Each repetition would add the message once more.
          effect: changes.message === undefined ? "replace" : "create",
          to: path`tickets/${id}/tags`,
          json: changes,
          answer: OneTicket,
        },
        call,
      ),

    listWebhooks: async (call) => send({ method: "GET", to: path`webhooks`, answer: WebhookList }, call),
    createWebhook: async ({ event_type, data_types, url }, call) => {
      const json = { event_type, data_types, url };
      return send({ method: "POST", to: path`webhooks`, json, answer: OneWebhook }, call);
    },
    deleteWebhook: async (id, call) =>
      send({ method: "DELETE", to: path`webhooks/${id}`, answer: removalOf(id) }, call),
    // v2 has no switch for webhooks.
    areWebhooksOn: async () => true,
    turnWebhooksOn: async () => {},

    usage,
  };
}

/** The schema of the answer to a removal. An empty answer becomes LiveChat's usual answer. */
function removalOf(name: string) {
  return v.optional(Removal, { result: `${name} removed successfully` });
}
