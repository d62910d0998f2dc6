import type { Source } from "../listing/source.ts";
import type { Agent, AgentSummary, NewAgent, Removal } from "../schemas/agent.ts";
import type { RawTextChat, TextChatSummary } from "../schemas/text-chat.ts";
import type { NewTicket, Ticket, TicketChanges, TicketFilters } from "../schemas/ticket.ts";
import type { Usage } from "./rate-limit.ts";
import type { CallOptions } from "./send.ts";
import type { Webhook } from "./v2/webhooks.ts";

export type { CallAttempt } from "./attempt.ts";
export type { Priority } from "./plan-turns.ts";
export type { Usage } from "./rate-limit.ts";
export type { CallOptions, ConnectionOptions } from "./send.ts";
export type { Webhook } from "./v2/webhooks.ts";

export type NewWebhook = {
  event_type: string;
  /** v2: the data that each event contains. */
  data_types: string[];
  url: string;
  /** Text: LiveChat puts it into each body, so that the receiver recognises LiveChat. v2 makes its own token. */
  secret: string;
};

/** A part of the list of tickets. It begins at a page of 25, or at the cursor of an earlier answer. */
export type TicketRange = {
  /** The first page to read, from 1. */
  page: number;
  /** The number of tickets of that page to leave out, because an earlier call returned them. */
  skip: number;
  /** `next.cursor` of an earlier answer. It replaces page and skip. */
  cursor?: string;
  /** The maximum number of tickets to return. */
  limit: number;
};

export type FoundTickets = {
  tickets: Ticket[];
  /** The number of matching tickets, and of pages of 25; absent where LiveChat does not count them. */
  total?: number;
  pages?: number;
  /** The range that continues the list; absent at its end. */
  next?: Partial<Pick<TicketRange, "page" | "skip" | "cursor">>;
};

/** `off`: a setting says that the account has no tickets. `refused`: HelpDesk says so. */
export type TicketsState = "here" | "off" | "refused";

/**
 * The tickets of an account: v2's own, or those of HelpDesk.
 *
 * Without tickets, all methods but `ticketsState` throw {NoHelpDesk}. They also throw the errors of {@link LiveChat}.
 */
type TicketDesk = {
  /** Finds tickets by filters, and reads as many pages as `limit` requires. Each ticket is returned once. */
  findTickets(filters: TicketFilters, range: TicketRange, call?: CallOptions): Promise<FoundTickets>;
  getTicket(id: string, call?: CallOptions): Promise<Ticket>;
  createTicket(ticket: NewTicket, call?: CallOptions): Promise<Ticket>;
  /** A call with a message is not repeated when its answer is lost, because each call adds the message. */
  updateTicket(id: string, changes: TicketChanges, call?: CallOptions): Promise<Ticket>;
  /** The list of all tickets, for one run of the reconciliation. */
  ticketSource(call?: CallOptions): Source<Ticket, unknown>;
  ticketsState(call?: CallOptions): Promise<TicketsState>;
  /** Lists HelpDesk's own webhooks. v2 sends its ticket webhooks as LiveChat's. */
  listTicketWebhooks(call?: CallOptions): Promise<Webhook[]>;
};

/** HelpDesk, which has the tickets of the Text platform, and webhooks of its own. */
export type HelpDesk = TicketDesk & Pick<LiveChat, "createWebhook" | "deleteWebhook">;

/**
 * A LiveChat account, through any of its APIs. A method repeats its call after each 429. After a failure of LiveChat or of
 * the connection it repeats only a call that is safe to repeat.
 *
 * All methods throw
 *
 * - {InvalidInput}, {NotFound} and {Conflict} with LiveChat's message,
 * - {UpstreamRefused} when LiveChat does not accept the connection's credentials,
 * - {TooManyRequests} with `retryAfter` as soon as LiveChat's limit, or our own, leaves no room within the call's time,
 * - {UpstreamFailed} and {UpstreamTimeout}, with `outcomeUnknown` when the call may have taken effect,
 * - the reason of the signal that aborts them.
 */
export type LiveChat = TicketDesk & {
  listAgents(query?: { status?: string }, call?: CallOptions): Promise<AgentSummary[]>;
  createAgent(agent: NewAgent, call?: CallOptions): Promise<Agent>;
  /**
   * @throws {NotFound} with `outcomeUnknown` when the answer of an earlier attempt was lost: that attempt may have
   *   removed the agent
   */
  deleteAgent(login: string, call?: CallOptions): Promise<Removal>;
  listWebhooks(call?: CallOptions): Promise<Webhook[]>;
  createWebhook(webhook: NewWebhook, call?: CallOptions): Promise<Webhook>;
  deleteWebhook(id: string, call?: CallOptions): Promise<Removal>;
  /** True when LiveChat sends events to the registered webhooks. */
  areWebhooksOn(call?: CallOptions): Promise<boolean>;
  turnWebhooksOn(call?: CallOptions): Promise<void>;
  /** The present use of the rate limit. */
  usage(): Usage;
};

/** Reads chats. v2 has no such calls: its webhooks contain whole chats. */
export type ChatReader = {
  /** Reads a chat with one of its threads and its transcript. @throws {NotFound} {ChatAnonymized} */
  getChat(chatId: string, threadId: string, call?: CallOptions): Promise<RawTextChat>;
  /** Reads a page of the active chats. `pageId` is the `next` of the page before. */
  listActiveChats(pageId?: string, call?: CallOptions): Promise<{ chats: TextChatSummary[]; next?: string }>;
  /** Reads a page of ended threads, oldest first. It begins at a time, or after another page. */
  listArchives(
    from: { from: string } | { pageId: string },
    call?: CallOptions,
  ): Promise<{ chats: RawTextChat[]; next?: string }>;
};
