import { NotFound, UpstreamRefused } from "../../core/errors.ts";
import { MINUTE, SECOND } from "../../core/time.ts";
import type { Agent, NewAgent } from "../../schemas/agent.ts";
import { delay } from "../delay.ts";
import { createHelpDesk, type HelpDeskOptions, isHelpDeskWebhook } from "../helpdesk/client.ts";
import { withoutHelpDesk } from "../helpdesk/no-helpdesk.ts";
import type { ChatReader, LiveChat } from "../live-chat.ts";
import { type CallOptions, connect, TOTAL_TIMEOUT } from "../send.ts";
import { shareLoad } from "../shared-load.ts";
import { createAct, type Region, type TextAgent } from "./actions.ts";
import { AGENT_FIELDS, toAgent, toCreation, toSummary } from "./agents.ts";
import { watchLifecycle } from "./lifecycle.ts";
import { refusalByType } from "./refusal.ts";
import { fromTextWebhook, toRegistration } from "./webhooks.ts";

/** The options of a connection, whose token HelpDesk accepts too. */
export type LiveChatTextOptions = HelpDeskOptions & {
  /** The app that owns the webhooks. */
  clientId: string;
  /** Base URL of HelpDesk, which has the tickets; absent for an account without HelpDesk. */
  helpDeskUrl?: string;
  /** Called for each answer that announces the end of this version of the API: see {@link watchLifecycle}. */
  onLifecycle?: (header: "Legacy" | "Deprecation", day: string) => void;
};

/** The names of groups are kept for this time, because they seldom change. In milliseconds. */
const GROUPS_FRESH_FOR = 10 * MINUTE;
/** Pauses before a new agent is read again, in milliseconds. LiveChat shows a change within two minutes. */
const NEW_AGENT_PAUSES = [500, 1_500, 4_000];
/** With less time left than this, the new agent is not read again. In milliseconds. */
const LEAST_TIME = 3 * SECOND;
/** The first page of a list of chats: the largest that LiveChat allows, oldest chat first. */
const FIRST_PAGE = { limit: 100, sort_order: "asc" };

/**
 * Opens a connection to the APIs of the Text platform. A process has one client, because the client counts its calls in
 * memory.
 */
export function createLiveChatText({
  accountId,
  apiKey,
  clientId,
  helpDeskUrl,
  onLifecycle,
  fetch = globalThis.fetch,
  totalTimeout = TOTAL_TIMEOUT,
  ...others
}: LiveChatTextOptions): LiveChat & ChatReader {
  const region: Region = {};
  const options = { ...others, totalTimeout };
  const { send, usage } = connect({
    ...options,
    name: "LiveChat",
    username: accountId,
    password: apiKey,
    headers: () => ({ ...(region.current && { "x-region": region.current }) }),
    readRefusal: refusalByType,
    fetch: onLifecycle ? watchLifecycle(fetch, onLifecycle) : fetch,
  });
  const act = createAct(send, region);
  const helpDesk =
    helpDeskUrl === undefined
      ? withoutHelpDesk
      : createHelpDesk({ ...options, fetch, url: helpDeskUrl, accountId, apiKey });
  const owner = { owner_client_id: clientId };

  const groupNames = shareLoad(async (call) => {
    const groups = await act("list_groups", {}, call);
    return new Map(groups.map(({ id, name }) => [id, name]));
  }, GROUPS_FRESH_FOR);

  /** Reads the agents' statuses. A token without this right gets none, or an error when `isNeeded`. */
  async function readRouting(filters: { agent_ids: string[] }, isNeeded: boolean, call?: CallOptions) {
    try {
      return await act("list_routing_statuses", { filters }, call);
    } catch (error) {
      const isDenied = error instanceof UpstreamRefused || error instanceof NotFound;
      if (isNeeded || !isDenied) throw error;
      return [];
    }
  }

  /** Reads the new agent; `undefined` when LiveChat does not show it in time, or the reading fails. */
  async function readCreated(id: string, call: CallOptions): Promise<TextAgent | undefined> {
    const { deadline = Date.now() } = call;
    for (const pause of [...NEW_AGENT_PAUSES, undefined]) {
      try {
        return await act("get_agent", { id, fields: AGENT_FIELDS }, call);
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
    const input = toCreation(asked);
    const { id } = await act("create_agent", input, timed);
    const created: TextAgent = (await readCreated(id, timed)) ?? { ...input, id };
    // Without the right to read groups, the agent's groups have no names.
    const names = created.groups?.length ? await groupNames.get(timed).catch(() => new Map()) : new Map();
    const agent = toAgent(created, names);
    return asked.password === undefined ? agent : { ...agent, ignored_fields: ["password"] };
  }

  return {
    async listAgents({ status } = {}, call) {
      const found = await act("list_agents", { fields: AGENT_FIELDS }, call);
      const filters = { agent_ids: found.map(({ id }) => id) };
      const routing = found.length > 0 ? await readRouting(filters, status !== undefined, call) : [];
      const statuses = new Map(routing.map(({ agent_id, status }) => [agent_id, status]));
      return found
        .map((agent) => toSummary(agent, statuses.get(agent.id)))
        .filter((agent) => status === undefined || agent.status === status);
    },
    createAgent,
    async deleteAgent(login, call) {
      await act("delete_agent", { id: login }, call);
      return { result: `${login} removed successfully` };
    },

    ...helpDesk,

    listWebhooks: async (call) => (await act("list_webhooks", owner, call)).map(fromTextWebhook),
    async createWebhook(webhook, call) {
      if (webhook.event_type === "ticket_created") return helpDesk.createWebhook(webhook, call);
      const { id } = await act("register_webhook", toRegistration(webhook, clientId), call);
      return { id, event_type: webhook.event_type, url: webhook.url };
    },
    async deleteWebhook(id, call) {
      if (isHelpDeskWebhook(id)) return helpDesk.deleteWebhook(id, call);
      await act("unregister_webhook", { id, ...owner }, call);
      return { result: `${id} removed successfully` };
    },
    async areWebhooksOn(call) {
      return (await act("get_license_webhooks_state", owner, call)).license_webhooks_enabled;
    },
    async turnWebhooksOn(call) {
      await act("enable_license_webhooks", owner, call);
    },

    getChat: (chatId, threadId, call) => act("get_chat", { chat_id: chatId, thread_id: threadId }, call),
    async listActiveChats(pageId, call) {
      const input = pageId ? { page_id: pageId } : { ...FIRST_PAGE, filters: { active: true } };
      const { chats_summary, next_page_id } = await act("list_chats", input, call);
      return { chats: chats_summary, next: next_page_id };
    },
    async listArchives(from, call) {
      const input =
        "pageId" in from
          ? { page_id: from.pageId }
          : { ...FIRST_PAGE, filters: { from: toFilterTime(from.from) } };
      const page = await act("list_archives", input, call);
      return { chats: page.chats, next: page.next_page_id };
    },

    usage,
  };
}

/** Converts `2026-01-15T09:40:00.000Z` to the form of the archive's filters, with microseconds and an offset. */
function toFilterTime(moment: string): string {
  return moment.replace(/\.(\d{3})Z$/, ".$1000+00:00");
}
