import type { Source } from "../listing/source.ts";
import type { Agent, AgentSummary, NewAgent, Removal } from "../schemas/agent.ts";
import type { TextChatSummary, ToldTextChat } from "../schemas/text-chat.ts";
import type { NewTicket, Ticket, TicketChanges, TicketFilters } from "../schemas/ticket.ts";
import type { Usage } from "./rate-limit.ts";
import type { CallOptions } from "./send.ts";

export type { CallAttempt } from "./attempt.ts";
export type { Priority } from "./plan-turns.ts";
export type { Usage } from "./rate-limit.ts";
export type { CallOptions, ConnectionOptions } from "./send.ts";

/** A webhook as LiveChat lists it. */
export type Webhook = {
  id: string;
  /** By v2's names (`chat_started`); what has none keeps its own. */
  event_type: string;
  data_types?: string[];
  /** It contains the credentials that LiveChat sends: not for logs. */
  url: string;
  verified?: boolean;
  /** The account that it belongs to. */
  licence?: string;
};

export type NewWebhook = {
  event_type: string;
  /** v2: what each event brings along. */
  data_types: string[];
  url: string;
  /** Text: what LiveChat puts into each body, to be recognised by. v2 makes a token of its own. */
  secret: string;
};

/** Which tickets of a list are wanted: from a page of 25 on, or behind those of an answer before. */
export type TicketRange = {
  /** The page to start with; the first is 1. */
  page: number;
  /** How many tickets of that page to leave out, because an earlier call gave them. */
  skip: number;
  /** `next.cursor` of an answer before, in place of page and skip. */
  cursor?: string;
  /** How many tickets to return at most. */
  limit: number;
};

export type FoundTickets = {
  tickets: Ticket[];
  /** How many tickets and pages of 25 the filters choose; absent where LiveChat does not count them. */
  total?: number;
  pages?: number;
  /** Where to go on; absent at the end of the list. */
  next?: Partial<Pick<TicketRange, "page" | "skip" | "cursor">>;
};

/** Whether there are tickets to work with: `off` by a setting, `refused` by HelpDesk itself. */
export type TicketsState = "here" | "off" | "refused";

/**
 * The tickets of an account: v2's own, or those of HelpDesk.
 *
 * All methods but `ticketsState` throw {NoHelpDesk} where there are no tickets, besides what {@link LiveChat} throws.
 */
export type TicketDesk = {
  /** Tickets that the filters choose, read over as many pages as `limit` takes; each of them once. */
  findTickets(filters: TicketFilters, range: TicketRange, call?: CallOptions): Promise<FoundTickets>;
  getTicket(id: string, call?: CallOptions): Promise<Ticket>;
  createTicket(ticket: NewTicket, call?: CallOptions): Promise<Ticket>;
  /** Every call adds its message, so a call with a message is not repeated when its answer is lost. */
  updateTicket(id: string, changes: TicketChanges, call?: CallOptions): Promise<Ticket>;
  /** The list of all tickets, for one run of the reconciliation. */
  ticketSource(call?: CallOptions): Source<Ticket, unknown>;
  ticketsState(call?: CallOptions): Promise<TicketsState>;
  /** HelpDesk's own webhooks; those of v2's tickets are among LiveChat's. */
  listTicketWebhooks(call?: CallOptions): Promise<Webhook[]>;
};

/**
 * A LiveChat account, through any of its APIs. A method takes as many attempts as it needs: 429s are always repeated,
 * failures of LiveChat and of the connection only where a second call changes nothing more.
 *
 * All of them throw {InvalidInput}, {NotFound} and {Conflict} in LiveChat's words, {UpstreamRefused} for the
 * connection's credentials, {TooManyRequests} with `retryAfter` as soon as LiveChat's limit or our own leaves no room
 * in time, {UpstreamFailed} and {UpstreamTimeout} with `outcomeUnknown` when LiveChat may have done it; and the reason
 * of the signal that aborts them.
 */
export type LiveChat = TicketDesk & {
  listAgents(query?: { status?: string }, call?: CallOptions): Promise<AgentSummary[]>;
  createAgent(agent: NewAgent, call?: CallOptions): Promise<Agent>;
  /** @throws {NotFound} with `outcomeUnknown` when an attempt whose answer was lost may have removed the agent */
  deleteAgent(login: string, call?: CallOptions): Promise<Removal>;
  listWebhooks(call?: CallOptions): Promise<Webhook[]>;
  createWebhook(webhook: NewWebhook, call?: CallOptions): Promise<Webhook>;
  deleteWebhook(id: string, call?: CallOptions): Promise<Removal>;
  /** Whether webhooks that are registered also run. */
  areWebhooksOn(call?: CallOptions): Promise<boolean>;
  turnWebhooksOn(call?: CallOptions): Promise<void>;
  /** What of the limit is used right now. */
  usage(): Usage;
};

/** Reads chats. v2 has no such calls: its webhooks bring whole chats. */
export type ChatReader = {
  /** A chat with one of its threads, and all that was said in it. @throws {NotFound} {ChatAnonymized} */
  getChat(chatId: string, threadId: string, call?: CallOptions): Promise<ToldTextChat>;
  /** A page of the chats that are going on. `pageId` is the `next` of the page before. */
  listActiveChats(pageId?: string, call?: CallOptions): Promise<{ chats: TextChatSummary[]; next?: string }>;
  /** A page of ended threads, oldest first, from a time on or after another page. */
  listArchives(
    from: { from: string } | { pageId: string },
    call?: CallOptions,
  ): Promise<{ chats: ToldTextChat[]; next?: string }>;
};
