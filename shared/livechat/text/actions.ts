import * as v from "valibot";
import { TEXT_API_VERSION } from "../../schemas/from-text-chat.ts";
import { readable } from "../../schemas/readable.ts";
import { RawTextChat, TextChatSummary } from "../../schemas/text-chat.ts";
import { listOf, maybe, text } from "../../schemas/vocabulary.ts";
import type { Effect } from "../call.ts";
import type { CallOptions, Send } from "../send.ts";
import { Misdirected } from "./refusal.ts";

/** An agent of the Configuration API. Its picture is `avatar_path` in some answers and `avatar` in others. */
const TextAgent = v.looseObject({
  id: text,
  name: maybe(text),
  avatar: maybe(text),
  avatar_path: maybe(text),
  role: maybe(text),
  groups: listOf(v.looseObject({ id: v.number() })),
});
export type TextAgent = v.InferOutput<typeof TextAgent>;

const RoutingStatus = v.looseObject({ agent_id: text, status: text });
const Group = v.looseObject({ id: v.number(), name: maybe(text) });

const TextWebhook = v.looseObject({ id: text, action: text, url: text });
export type TextWebhook = v.InferOutput<typeof TextWebhook>;

const Created = v.looseObject({ id: text });
const Switch = v.looseObject({ license_webhooks_enabled: v.boolean() });
const ChatList = v.looseObject({ chats_summary: readable(TextChatSummary), next_page_id: maybe(text) });
const ArchiveList = v.looseObject({ chats: readable(RawTextChat), next_page_id: maybe(text) });

type Action = {
  api: "agent" | "configuration";
  effect: Effect;
  /** The scopes that the token must have. */
  scopes: readonly string[];
  answer: v.GenericSchema;
};

const configuration = { api: "configuration", answer: v.unknown() } as const;
const agents = { api: "configuration", scopes: ["agents--all:ro"], effect: "read" } as const;
const webhooks = { ...configuration, scopes: ["webhooks.configuration:rw"] } as const;
const chats = { api: "agent", scopes: ["chats--all:ro"], effect: "read" } as const;
const DELETE_AGENTS = ["agents--all:rw", "accounts--all:rw"];

/** The actions of the Text platform's web APIs that this app uses, by LiveChat's names. */
const ACTIONS = {
  list_agents: { ...agents, answer: readable(TextAgent) },
  get_agent: { ...agents, answer: TextAgent },
  list_routing_statuses: { ...agents, api: "agent", answer: readable(RoutingStatus) },
  create_agent: { ...configuration, scopes: ["accounts--all:rw"], effect: "create", answer: Created },
  delete_agent: { ...configuration, scopes: DELETE_AGENTS, effect: "remove" },
  list_groups: { ...configuration, scopes: ["groups--all:ro"], effect: "read", answer: readable(Group) },

  list_webhooks: { ...webhooks, effect: "read", answer: readable(TextWebhook) },
  register_webhook: { ...webhooks, effect: "create", answer: Created },
  unregister_webhook: { ...webhooks, effect: "remove" },
  get_license_webhooks_state: {
    ...webhooks,
    scopes: ["webhooks.state:ro"],
    effect: "read",
    answer: Switch,
  },
  enable_license_webhooks: { ...webhooks, scopes: ["webhooks.state:rw"], effect: "replace" },

  get_chat: { ...chats, answer: RawTextChat },
  list_chats: { ...chats, answer: ChatList },
  list_archives: { ...chats, answer: ArchiveList },
} satisfies Record<string, Action>;
type Actions = typeof ACTIONS;

/** The account's region; absent until LiveChat names it. It is sent with every later call. */
export type Region = { current?: string };

/**
 * Makes the function that carries out an action by its name. Each action is a POST. When LiveChat names another region,
 * the action is repeated there once.
 */
export function createAct(send: Send, region: Region) {
  return async <Name extends keyof Actions>(
    name: Name,
    input: Record<string, unknown>,
    call?: CallOptions,
  ): Promise<v.InferOutput<Actions[Name]["answer"]>> => {
    const { api, effect, scopes, answer }: Action = ACTIONS[name];
    const path = `v${TEXT_API_VERSION}/${api}/action/${name}`;
    const request = {
      method: "POST",
      effect,
      to: { path, route: path },
      needs: { action: name, scopes },
      json: input,
      answer: answer as Actions[Name]["answer"],
    } as const;
    // Another call may learn the region meanwhile. So this call compares with the region that it was sent to.
    const sentTo = region.current;
    return send(request, call).catch((error) => {
      if (!(error instanceof Misdirected) || error.region === sentTo) throw error;
      region.current = error.region;
      return send(request, call);
    });
  };
}
