import * as v from "valibot";
import { Agent, AgentSummary, type NewAgent, PERMISSIONS } from "../../schemas/agent.ts";
import { readable } from "../../schemas/readable.ts";
import { listOf, maybe, text } from "../../schemas/vocabulary.ts";
import type { Action } from "./action.ts";

/** What an agent is asked for beyond id, name, avatar, role and login status. */
export const AGENT_FIELDS = [
  ...["groups", "job_title", "max_chats_count", "last_logout", "suspended", "awaiting_approval"],
  ...["email_subscriptions", "notifications"],
];

/** An agent of the Configuration API. Its picture is called `avatar_path` in one place and `avatar` in another. */
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

const config = { api: "configuration" } as const;
const READ_AGENTS = ["agents--all:ro"];

export const listAgents = {
  ...config,
  name: "list_agents",
  scopes: READ_AGENTS,
  effect: "read",
  answer: readable(TextAgent),
} satisfies Action<v.GenericSchema>;
export const getAgent = {
  ...config,
  name: "get_agent",
  scopes: READ_AGENTS,
  effect: "read",
  answer: TextAgent,
} satisfies Action<v.GenericSchema>;
export const createAgent = {
  ...config,
  name: "create_agent",
  scopes: ["accounts--all:rw"],
  effect: "create",
  answer: v.looseObject({ id: text }),
} satisfies Action<v.GenericSchema>;
export const deleteAgent = {
  ...config,
  name: "delete_agent",
  scopes: ["agents--all:rw", "accounts--all:rw"],
  effect: "remove",
  answer: v.unknown(),
} satisfies Action<v.GenericSchema>;
export const listGroups = {
  ...config,
  name: "list_groups",
  scopes: ["groups--all:ro"],
  effect: "read",
  answer: readable(Group),
} satisfies Action<v.GenericSchema>;
export const listRoutingStatuses = {
  api: "agent",
  name: "list_routing_statuses",
  scopes: READ_AGENTS,
  effect: "read",
  answer: readable(RoutingStatus),
} satisfies Action<v.GenericSchema>;

/** What `create_agent` takes of a new agent, and what it does not. It always invites by email: there is no password. */
export function toCreation({ login, permission, groups, password, ...same }: NewAgent): {
  input: Record<string, unknown>;
  ignored: string[];
} {
  return {
    input: {
      id: login,
      ...same,
      ...(permission && { role: permission }),
      ...(groups && { groups: groups.map((id) => ({ id, priority: "normal" })) }),
    },
    ignored: password === undefined ? [] : ["password"],
  };
}

/** An agent with the field names of v2; `status` is the routing status. */
export function toSummary(agent: TextAgent, routing?: string): AgentSummary {
  return v.parse(AgentSummary, named(agent, routing));
}

/** The whole agent, with the names of its groups where they are known. */
export function toAgent(agent: TextAgent, groupNames: ReadonlyMap<number, string>, routing?: string): Agent {
  const groups = agent.groups?.map((group) => ({ ...group, name: groupNames.get(group.id) }));
  return v.parse(Agent, { ...named(agent, routing), ...(groups && { groups }) });
}

function named({ id, avatar, avatar_path, role, ...same }: TextAgent, routing?: string) {
  const image = avatar ?? avatar_path;
  return {
    ...same,
    login: id,
    ...(image !== undefined && { avatar: /^https?:\/\//.test(image) ? image : `https://${image}` }),
    ...(role !== undefined && { permission: permissionOf(role), role }),
    ...(routing !== undefined && { status: routing.replaceAll("_", " ") }),
  };
}

/** `viceowner` is an administrator by another name; any other role is passed on. */
function permissionOf(role: string): string {
  const known: readonly string[] = ["owner", ...PERMISSIONS];
  return role === "viceowner" ? "administrator" : (known.find((one) => one === role) ?? role);
}
