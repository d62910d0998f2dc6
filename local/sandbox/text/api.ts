import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import * as v from "valibot";
import { type Answer, basic, json, type Request } from "../http.ts";
import type { Throttle } from "../throttle.ts";
import type { TextAgents } from "./agents.ts";
import type { TextChats, Thread } from "./chats.ts";
import { pageOf } from "./pages.ts";
import { readAs, refusedAs, TextRefusal } from "./refusal.ts";
import type { TextVariants } from "./variants.ts";
import type { TextWebhooks } from "./webhooks.ts";

export type TextCredentials = { accountId: string; apiKey: string; clientId: string };

export type TextAccount = {
  credentials: TextCredentials;
  agents: TextAgents;
  chats: TextChats;
  webhooks: TextWebhooks;
  throttle: Throttle;
  variants: TextVariants;
  /** The calls that LiveChat would bill: all except those answered with a 500. */
  billed: { calls: number };
};

type Actions = Record<string, [scopes: string[], act: (input: Record<string, unknown>) => unknown]>;

const Paging = {
  sort_order: v.optional(v.picklist(["asc", "desc"]), "desc"),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 10),
  page_id: v.optional(v.string()),
};

/** A `from` or `to`, in the form of LiveChat's example. */
const instant = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d$/, "must be YYYY-MM-DDTHH:MM:SS.ssssss+HH:MM"),
  v.transform((text) => Date.parse(text)),
);

const Archives = v.object({
  filters: v.optional(v.object({ from: v.optional(instant), to: v.optional(instant) }), {}),
  ...Paging,
});
const Listed = v.object({
  filters: v.optional(v.object({ active: v.optional(v.nullable(v.boolean())) }), {}),
  ...Paging,
});

/** The Text platform's Agent Chat and Configuration APIs 3.6: the actions that this project calls. */
export function textApi(account: TextAccount): (request: Request) => Answer {
  const { agents, chats, webhooks, variants } = account;

  const actions: Record<string, Actions> = {
    agent: {
      list_routing_statuses: [["agents--all:ro"], (input) => agents.routing(input)],
      get_chat: [["chats--all:ro"], (input) => getChat(input)],
      list_chats: [["chats--all:ro"], (input) => listChats(input)],
      list_archives: [["chats--all:ro"], (input) => listArchives(input)],
    },
    configuration: {
      list_agents: [["agents--all:ro"], (input) => agents.list(input)],
      get_agent: [["agents--all:ro"], (input) => agents.get(input)],
      create_agent: [["accounts--all:rw"], (input) => agents.create(input)],
      delete_agent: [["agents--all:rw", "accounts--all:rw"], (input) => agents.remove(input)],
      list_groups: [
        ["groups--all:ro"],
        () => [...agents.groups].map(([id, name]) => ({ id, name, language_code: "en" })),
      ],
      register_webhook: [["webhooks.configuration:rw"], (input) => webhooks.register(input)],
      list_webhooks: [["webhooks.configuration:rw"], (input) => webhooks.list(input)],
      unregister_webhook: [["webhooks.configuration:rw"], (input) => webhooks.unregister(input)],
      get_license_webhooks_state: [["webhooks.state:ro"], (input) => webhooks.state(input)],
      enable_license_webhooks: [["webhooks.state:rw"], (input) => webhooks.enable(input)],
      disable_license_webhooks: [["webhooks.state:rw"], (input) => webhooks.disable(input)],
    },
  };

  function getChat(input: unknown): unknown {
    const { chat_id, thread_id } = readAs(
      v.object({ chat_id: v.string(), thread_id: v.optional(v.string()) }),
      input,
    );
    const chat = chats.get(chat_id);
    const thread = chat.threads.find(({ id }) => id === (thread_id ?? chat.threads.at(-1)?.id));
    if (!thread) throw new TextRefusal("not_found", `Thread ${thread_id} not found`);
    if (chat.anonymized) throw new TextRefusal("chat_anonymized", "The chat is anonymized");
    return chats.view(thread);
  }

  function listChats(input: Record<string, unknown>): unknown {
    const { items, found, ...pages } = pageOf(input, (query) => {
      const { filters, sort_order } = readAs(Listed, query);
      const listed = chats.chats.filter((chat) => {
        const active = chat.threads.at(-1)?.endedAt === undefined;
        return filters.active === undefined || filters.active === null || filters.active === active;
      });
      return sort_order === "asc" ? listed : listed.reverse();
    });
    return { chats_summary: items.map((chat) => chats.summary(chat)), found_chats: found, ...pages };
  }

  function listArchives(input: Record<string, unknown>): unknown {
    const { items, found, ...pages } = pageOf(input, (query) => {
      const { filters, sort_order } = readAs(Archives, query);
      const at = (thread: Thread) =>
        variants.archiveTime === "created" ? thread.createdAt : (thread.endedAt ?? thread.createdAt);
      const listed = chats.threads
        .filter((thread) => thread.endedAt !== undefined)
        .filter(
          (thread) => at(thread) >= (filters.from ?? 0) && at(thread) < (filters.to ?? Number.MAX_VALUE),
        )
        .sort((a, b) => at(a) - at(b));
      return sort_order === "asc" ? listed : listed.reverse();
    });
    return { chats: items.map((thread) => chats.view(thread)), found_chats: found, ...pages };
  }

  function act({ method, path, headers, body }: Request): unknown {
    authenticate(headers, account.credentials);
    const retryAfter = account.throttle.count(account.credentials.accountId);
    if (retryAfter) throw new TextRefusal("too_many_requests", "Too many requests", { headers: retryAfter });
    const { region } = variants;
    if (region !== undefined && headers["x-region"] !== region)
      throw new TextRefusal("misdirected_request", "Wrong region", { data: { region } });
    const [, version, api = "", name = ""] =
      /^\/v(\d+\.\d+)\/(agent|configuration)\/action\/([a-z_]+)$/.exec(path) ?? [];
    if (version === undefined) throw new TextRefusal("not_found", "There is no such action");
    if (version !== "3.6")
      throw new TextRefusal("unsupported_version", `Version ${version} is not supported`);
    const [scopes, run] = actions[api]?.[name] ?? [];
    if (method !== "POST" || !scopes || !run) throw new TextRefusal("not_found", "There is no such action");
    const missing = scopes.filter((scope) => variants.missingScopes.includes(scope));
    if (missing.length > 0) throw new TextRefusal("authorization", "Insufficient privileges");
    return run(read(headers, body));
  }

  return (request) => {
    let answer: Answer;
    try {
      answer = json(200, act(request));
    } catch (error) {
      if (!(error instanceof TextRefusal)) throw error;
      answer = refusedAs(error, variants.statuses);
    }
    account.billed.calls += 1;
    return { ...answer, headers: { ...answer.headers, ...variants.headers, "X-Debug-Id": randomUUID() } };
  };
}

function authenticate({ authorization = "" }: IncomingHttpHeaders, credentials: TextCredentials): void {
  if (authorization !== basic(credentials.accountId, credentials.apiKey))
    throw new TextRefusal("authentication", "Invalid access token");
}

function read(headers: IncomingHttpHeaders, body: string): Record<string, unknown> {
  if (!headers["content-type"]?.startsWith("application/json"))
    throw new TextRefusal("validation", "Content-Type must be application/json");
  let input: unknown;
  try {
    input = JSON.parse(body);
  } catch {
    throw new TextRefusal("validation", "The body is not JSON");
  }
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new TextRefusal("validation", "The body must be an object");
  return input as Record<string, unknown>;
}
