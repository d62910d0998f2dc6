import { Buffer } from "node:buffer";
import { type LiveChatConnection, readSettings } from "../../shared/core/settings.ts";
import { DAY, toIso } from "../../shared/core/time.ts";
import { objectOf } from "../../shared/core/values.ts";
import { TEXT_API_VERSION } from "../../shared/schemas/from-text-chat.ts";

/** A name, and a function that returns a fact to print, or throws when the check fails. */
type Check = [name: string, look: () => Promise<string | undefined>];

type Connection<Api extends LiveChatConnection["api"]> = Extract<LiveChatConnection, { api: Api }>;

const TIME_LIMIT = 30_000;

/**
 * Read-only checks of LiveChat with the operator's account: the credentials, and facts that LiveChat's documentation leaves
 * open.
 *
 * @throws {SettingsError} when a setting of the connection is missing
 */
export function upstreamChecks(environment: Record<string, string | undefined>): Check[] {
  // Storage and the webhooks' credentials are required settings, but not used here.
  const unused = {
    LiveChatStorage: "UseDevelopmentStorage=true",
    LIVECHAT_WEBHOOK_USERNAME: "-",
    LIVECHAT_WEBHOOK_PASSWORD: "-",
  };
  const { liveChat } = readSettings({ ...unused, ...environment });
  if (liveChat.api === "v2") return v2Checks(liveChat);
  const { helpDeskUrl } = liveChat;
  return [
    ...textChecks(liveChat),
    ...(helpDeskUrl === undefined ? [] : helpDeskChecks({ ...liveChat, url: helpDeskUrl })),
  ];
}

function v2Checks({ url, username, apiKey }: Connection<"v2">): Check[] {
  const ask = createAsk(username, apiKey, { "x-api-version": "2" });
  const read = async (path: string) => bodyOf(await ask(`${url}${path}`));
  return [
    [
      "agents are a list with logins",
      async () => {
        const agents = listOf(await read("/agents"));
        const without = agents.filter(({ login }) => typeof login !== "string").length;
        if (without > 0) throw new Error(`${without} of ${agents.length} agents have no login`);
        return `${agents.length} agents`;
      },
    ],
    [
      "tickets come in pages with a total",
      async () => {
        const { tickets, pages, total } = objectOf(await read("/tickets?page=1"));
        const list = listOf(tickets);
        return `${list.length} on the first page of ${pages}, ${total} in all; modified is ${kindsOf(list, "modified")}`;
      },
    ],
    [
      "a ticket that does not exist is 404",
      async () => {
        const { status } = await ask(`${url}/tickets/0000000000`);
        if (status !== 404) throw new Error(`answers ${status}`);
        return undefined;
      },
    ],
    [
      "webhooks can be listed",
      async () => {
        const answer = await read("/webhooks");
        return `${listOf(Array.isArray(answer) ? answer : objectOf(answer).events).length} registered`;
      },
    ],
  ];
}

/** Makes each call once, because LiveChat bills every call. See https://platform.text.com/docs. */
function textChecks({ url, accountId, clientId, apiKey }: Connection<"text">): Check[] {
  const ask = createAsk(accountId, apiKey);
  const act = (api: "agent" | "configuration", action: string, input: object) =>
    ask(`${url}/v${TEXT_API_VERSION}/${api}/action/${action}`, {
      method: "POST",
      body: JSON.stringify(input),
    });
  const read = async (...call: Parameters<typeof act>) => bodyOf(await act(...call));
  return [
    [
      "agents are a list with ids",
      async () => {
        const agents = listOf(await read("configuration", "list_agents", {}));
        const picture = ["avatar", "avatar_path"].filter((name) => agents.some((agent) => name in agent));
        return `${agents.length} agents; their picture is ${picture.join(" and ") || "not shown"}`;
      },
    ],
    [
      "routing statuses can be read",
      async () => `${listOf(await read("agent", "list_routing_statuses", {})).length}`,
    ],
    [
      "archived chats come in pages",
      async () => {
        const { chats, found_chats, next_page_id } = objectOf(
          await read("agent", "list_archives", { limit: 1, sort_order: "desc" }),
        );
        const [chat] = listOf(chats);
        const { thread } = objectOf(chat ?? {});
        const routing = objectOf(objectOf(objectOf(thread).properties).routing);
        const page = next_page_id === undefined ? "one page" : "more pages";
        return `${found_chats} found, ${page}; start_url is ${"start_url" in routing ? "given" : "missing"}`;
      },
    ],
    [
      "an unknown chat is refused as not_found",
      async () => {
        const response = await act("agent", "get_chat", { chat_id: "0000000000" });
        const { error } = objectOf(await response.json());
        const { type } = objectOf(error);
        if (type !== "not_found") throw new Error(`answers ${response.status} ${type}`);
        return `with status ${response.status}`;
      },
    ],
    [
      "webhooks of the app can be listed",
      async () => {
        const webhooks = await read("configuration", "list_webhooks", { owner_client_id: clientId });
        const state = objectOf(
          await read("configuration", "get_license_webhooks_state", { owner_client_id: clientId }),
        );
        return `${listOf(webhooks).length} registered; the licence has them ${state.license_webhooks_enabled ? "on" : "off"}`;
      },
    ],
  ];
}

/** Names to try for a filter by requester, which HelpDesk's documentation does not mention. */
const REQUESTER_FILTERS = ["requester.email", "requesterEmail", "requester"];

/** Checks facts that HelpDesk's documentation (https://api.helpdesk.com/docs) leaves open. */
function helpDeskChecks({ url, accountId, apiKey }: Connection<"text">): Check[] {
  const ask = createAsk(accountId, apiKey);
  let isRefused = false;
  const read = async (path: string) => bodyOf(await ask(url + path));
  const tickets = async (query: Record<string, string>) =>
    listOf(await read(`/tickets?${new URLSearchParams({ silo: "tickets", ...query })}`));
  const checks: Check[] = [
    [
      "tickets are a list",
      async () => {
        const response = await ask(`${url}/tickets?silo=tickets&pageSize=1`);
        isRefused = [401, 402, 403].includes(response.status);
        if (isRefused) {
          throw new Error(`answers ${response.status}. For an account without HelpDesk, set HELPDESK to off`);
        }
        const names = [...response.headers.keys()].filter((name) => /total|limit|retry/.test(name));
        const [ticket] = listOf(await bodyOf(response));
        const { shortID, createdAt, updatedAt, source } = ticket ?? {};
        const facts = { shortID, createdAt, updatedAt, "source.type": objectOf(source).type };
        const shown = ticket ? Object.entries(facts).map(([name, value]) => `${name} ${value}`) : ["none"];
        return `${shown.join(", ")}; headers: ${names.join(", ") || "none of totals or limits"}`;
      },
    ],
    [
      "a page continues after the last ticket of the page before",
      async () => {
        const order = { sortBy: "updatedAt", order: "asc", pageSize: "2" };
        const first = await tickets(order);
        const last = first[1];
        if (!last) return "unknown: the account has fewer than two tickets";
        const cursor = { "next.value": String(last.updatedAt), "next.ID": String(last.ID) };
        const again = (await tickets({ ...order, ...cursor })).filter(({ ID }) =>
          first.some((ticket) => ticket.ID === ID),
        );
        if (again.length > 0)
          throw new Error(`${again.length} of 2 tickets appear again: next.value is ignored`);
        return undefined;
      },
    ],
    [
      "only tickets that changed since a time are listed",
      async () => {
        const tomorrow = toIso(Date.now() + DAY);
        const found = await tickets({ updatedDateFrom: tomorrow, pageSize: "1" });
        if (found.length > 0) throw new Error("updatedDateFrom is ignored");
        return undefined;
      },
    ],
    [
      "filters by requester",
      async () => {
        const taken: string[] = [];
        for (const name of REQUESTER_FILTERS) {
          const query = new URLSearchParams({ pageSize: "1", [name]: "nobody@smoke.invalid" });
          const response = await ask(`${url}/tickets?${query}`);
          const isTaken = response.ok && listOf(await response.json()).length === 0;
          if (isTaken) taken.push(name);
        }
        return taken.join(", ") || `none of ${REQUESTER_FILTERS.join(", ")}`;
      },
    ],
    [
      "a ticket by its shortID",
      async () => {
        const [ticket] = await tickets({ pageSize: "1" });
        if (typeof ticket?.shortID !== "string") return "no ticket with a shortID";
        return `answers ${(await ask(`${url}/tickets/${ticket.shortID}`)).status}`;
      },
    ],
    [
      "an unknown ticket is 404",
      async () => {
        const { status } = await ask(`${url}/tickets/00000000-0000-0000-0000-000000000000`);
        if (status !== 404) throw new Error(`answers ${status}`);
        return undefined;
      },
    ],
    [
      "the oldest ticket",
      async () => {
        const [ticket] = await tickets({ sortBy: "createdAt", order: "asc", pageSize: "1" });
        return ticket ? `is of ${ticket.createdAt}: HelpDesk has no older tickets of v2` : "none";
      },
    ],
    [
      "agents, teams and tags are lists",
      async () => {
        const counts = [];
        for (const kind of ["agents", "teams", "tags"])
          counts.push(`${listOf(await read(`/${kind}`)).length} ${kind}`);
        return counts.join(", ");
      },
    ],
    [
      "webhooks can be listed",
      async () => {
        const webhooks = listOf(await read("/webhooks"));
        const fields = [...new Set(webhooks.flatMap((webhook) => Object.keys(webhook)))];
        return `${webhooks.length} registered${fields.length > 0 ? `, with ${fields.join(", ")}` : ""}`;
      },
    ],
  ];
  // When HelpDesk refuses the first call, it would refuse all others.
  return checks.map(([name, look]) => [`HelpDesk: ${name}`, async () => (isRefused ? "not asked" : look())]);
}

function createAsk(username: string, password: string, more: Record<string, string> = {}) {
  const headers = {
    authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    "content-type": "application/json",
    "user-agent": "livechat-functions",
    ...more,
  };
  return (url: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers, redirect: "error", signal: AbortSignal.timeout(TIME_LIMIT) });
}

async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 401) throw new Error("LiveChat refuses the credentials (401)");
  if (response.ok) return response.json();
  const { error } = objectOf(await response.json().catch(() => ({})));
  throw new Error(`answers ${response.status} ${objectOf(error).type ?? ""}`.trimEnd());
}

/** @throws {Error} when it is not a list */
function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error("the answer has no list");
  return value.map(objectOf);
}

/** The types of a field's values, such as `string and number`. */
function kindsOf(list: Record<string, unknown>[], field: string): string {
  return [...new Set(list.map((item) => typeof item[field]))].join(" and ") || "not shown";
}
