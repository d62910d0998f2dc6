import { NoHelpDesk, NotFound, UpstreamRefused } from "../../core/errors.ts";
import type { Agent, NewAgent } from "../../schemas/agent.ts";
import { createBudget } from "../budget.ts";
import { basicCredentials } from "../credentials.ts";
import { delay } from "../delay.ts";
import { createHelpDesk } from "../helpdesk/client.ts";
import { noHelpDesk } from "../helpdesk/no-helpdesk.ts";
import { withoutHelpDesk } from "../helpdesk/without-helpdesk.ts";
import type { ChatReader, ConnectionOptions, LiveChat, Webhook } from "../live-chat.ts";
import { type CallOptions, createSend } from "../send.ts";
import { createAct, type Region } from "./action.ts";
import * as agents from "./agents.ts";
import * as chats from "./chats.ts";
import { watchLifecycle } from "./lifecycle.ts";
import { refusalByType } from "./refusal.ts";
import * as webhooks from "./webhooks.ts";

export type LiveChatTextOptions = ConnectionOptions & {
  /** The account of the token: a UUID. */
  accountId: string;
  /** The personal access token, such as `dal:…`. */
  apiKey: string;
  /** The app that owns the webhooks. */
  clientId: string;
  /** Base URL of HelpDesk, where tickets are; absent for an account without it. */
  helpDeskUrl?: string;
  /** Told when LiveChat says until when it supports this version of its API: the name of the header, and the day. */
  onLifecycle?: (header: "Legacy" | "Deprecation", day: string) => void;
};

/** What ids of HelpDesk's webhooks begin with here, beside those of LiveChat's. */
const OF_TICKETS = "helpdesk:";
/** Names of groups seldom change. In milliseconds. */
const GROUPS_FRESH_FOR = 10 * 60_000;
/** Pauses before a new agent is looked for again; changes take up to two minutes to show. In milliseconds. */
const AGENT_SHOWS_AFTER = [500, 1_500, 4_000];
/** What must be left of a call's time for another look, in milliseconds. */
const LEAST_TIME = 3_000;
/** Milliseconds that a call has by default, as in `send.ts`. */
const TOTAL_TIMEOUT = 25_000;

/**
 * Opens a connection to the APIs of the Text platform. A process has one client, because it counts its limit in memory.
 */
export function createLiveChatText({
  accountId,
  apiKey,
  clientId,
  helpDeskUrl,
  rateLimit,
  onLifecycle,
  fetch = globalThis.fetch,
  totalTimeout = TOTAL_TIMEOUT,
  ...options
}: LiveChatTextOptions): LiveChat & ChatReader {
  const { authorization, secrets } = basicCredentials(accountId, apiKey);
  const region: Region = {};
  const budget = createBudget(rateLimit, options);
  const send = createSend(
    {
      ...options,
      totalTimeout,
      headers: () => ({ authorization, ...(region.current && { "x-region": region.current }) }),
      secrets,
      refusal: refusalByType,
      fetch: onLifecycle ? watchLifecycle(fetch, onLifecycle) : fetch,
    },
    budget,
  );
  const act = createAct(send, region);
  const helpDesk =
    helpDeskUrl === undefined
      ? undefined
      : createHelpDesk({ ...options, fetch, totalTimeout, rateLimit, url: helpDeskUrl, accountId, apiKey });
  const owner = { owner_client_id: clientId };
  let groups: { at: number; names: Promise<ReadonlyMap<number, string>> } | undefined;

  /** The groups' names, as far as the token may read them: an agent is told without them, too. */
  function groupNames(call?: CallOptions): Promise<ReadonlyMap<number, string>> {
    if (!groups || Date.now() - groups.at > GROUPS_FRESH_FOR) {
      const names = act(agents.listGroups, {}, call).then(
        (found) =>
          new Map(found.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const]))),
      );
      names.catch(() => {
        groups = undefined;
      });
      groups = { at: Date.now(), names };
    }
    return groups.names.catch(() => new Map());
  }

  /** Without statuses where the token may not read them; agents are worth more than their statuses, unless it is by these. */
  async function readRouting(filters: { agent_ids: string[] }, isNeeded: boolean, call?: CallOptions) {
    try {
      return await act(agents.listRoutingStatuses, { filters }, call);
    } catch (error) {
      const isDenied = error instanceof UpstreamRefused || error instanceof NotFound;
      if (isNeeded || !isDenied) throw error;
      return [];
    }
  }

  /** `undefined` when it does not show in time, or cannot be read: that it was created is known all the same. */
  async function readCreated(id: string, call: CallOptions): Promise<agents.TextAgent | undefined> {
    const { deadline = Date.now() } = call;
    for (const pause of [...AGENT_SHOWS_AFTER, undefined]) {
      try {
        return await act(agents.getAgent, { id, fields: agents.AGENT_FIELDS }, call);
      } catch (error) {
        if (!(error instanceof NotFound) || pause === undefined) return undefined;
        if (Date.now() + pause + LEAST_TIME > deadline) return undefined;
        await delay(pause, call.signal);
      }
    }
    return undefined;
  }

  async function createAgent(asked: NewAgent, call: CallOptions = {}): Promise<Agent> {
    const timed = { deadline: Date.now() + totalTimeout, ...call };
    const { input, ignored } = agents.toCreation(asked);
    const { id } = await act(agents.createAgent, input, timed);
    const created = (await readCreated(id, timed)) ?? { ...input, id };
    const hasGroups = (created.groups?.length ?? 0) > 0;
    const agent = agents.toAgent(
      created as agents.TextAgent,
      hasGroups ? await groupNames(timed) : new Map(),
    );
    return ignored.length > 0 ? { ...agent, ignored_fields: ignored } : agent;
  }

  return {
    async listAgents({ status } = {}, call) {
      const found = await act(agents.listAgents, { fields: agents.AGENT_FIELDS }, call);
      const filters = { agent_ids: found.map(({ id }) => id) };
      const routing = found.length > 0 ? await readRouting(filters, status !== undefined, call) : [];
      const statuses = new Map(routing.map(({ agent_id, status }) => [agent_id, status]));
      return found
        .map((agent) => agents.toSummary(agent, statuses.get(agent.id)))
        .filter((agent) => status === undefined || agent.status === status);
    },
    createAgent,
    async deleteAgent(login, call) {
      await act(agents.deleteAgent, { id: login }, call);
      return { result: `${login} removed successfully` };
    },

    ...(helpDesk ?? withoutHelpDesk),

    async listWebhooks(call) {
      const [chats, tickets] = await Promise.all([
        act(webhooks.listWebhooks, owner, call),
        // An account whose HelpDesk refuses has no webhooks there, and chats go on without it.
        helpDesk?.listWebhooks(call).catch((error): Webhook[] => {
          if (error instanceof NoHelpDesk) return [];
          throw error;
        }),
      ]);
      const ofTickets = (tickets ?? []).map((webhook) => ({ ...webhook, id: OF_TICKETS + webhook.id }));
      return [...chats.map(webhooks.toWebhook), ...ofTickets];
    },
    async createWebhook(webhook, call) {
      if (webhook.event_type === "ticket_created") {
        if (!helpDesk) throw noHelpDesk("off");
        const made = await helpDesk.createWebhook(webhook, call);
        return { ...made, id: OF_TICKETS + made.id };
      }
      const { id } = await act(webhooks.registerWebhook, webhooks.toRegistration(webhook, clientId), call);
      return { id, event_type: webhook.event_type, url: webhook.url };
    },
    async deleteWebhook(id, call) {
      if (id.startsWith(OF_TICKETS)) await helpDesk?.deleteWebhook(id.slice(OF_TICKETS.length), call);
      else await act(webhooks.unregisterWebhook, { id, ...owner }, call);
      return { result: `${id} removed successfully` };
    },
    async areWebhooksOn(call) {
      return (await act(webhooks.getLicenseState, owner, call)).license_webhooks_enabled;
    },
    async turnWebhooksOn(call) {
      await act(webhooks.enableLicense, owner, call);
    },

    getChat: (chatId, threadId, call) => act(chats.getChat, { chat_id: chatId, thread_id: threadId }, call),
    async listActiveChats(pageId, call) {
      const input = pageId
        ? { page_id: pageId }
        : { filters: { active: true }, limit: chats.PAGE_SIZE, sort_order: "asc" };
      const { chats_summary, next_page_id } = await act(chats.listChats, input, call);
      return { chats: chats_summary, next: next_page_id };
    },
    async listArchives(from, call) {
      const input =
        "pageId" in from
          ? { page_id: from.pageId }
          : {
              filters: { from: chats.toFilterTime(from.from) },
              limit: chats.PAGE_SIZE,
              sort_order: "asc",
            };
      const page = await act(chats.listArchives, input, call);
      return { chats: page.chats, next: page.next_page_id };
    },

    usage: budget.usage,
  };
}
