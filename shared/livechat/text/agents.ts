import * as v from "valibot";
import { Agent, AgentSummary, type NewAgent } from "../../schemas/agent.ts";
import type { TextAgent } from "./actions.ts";

/** What an agent is asked for beyond id, name, avatar, role and login status. */
export const AGENT_FIELDS = [
  ...["groups", "job_title", "max_chats_count", "last_logout", "suspended", "awaiting_approval"],
  ...["email_subscriptions", "notifications"],
];

/** What `create_agent` takes of a new agent. It always invites by email: there is no password. */
export function toCreation({ login, permission, groups, password: _, ...same }: NewAgent) {
  return {
    id: login,
    ...same,
    ...(permission && { role: permission }),
    ...(groups && { groups: groups.map((id) => ({ id, priority: "normal" })) }),
  };
}

/** An agent with the field names of v2; `status` is the routing status. */
export function toSummary(agent: TextAgent, routing?: string): AgentSummary {
  return v.parse(AgentSummary, toV2(agent, routing));
}

/** The whole agent, with the names of its groups where they are known. */
export function toAgent(agent: TextAgent, groupNames: ReadonlyMap<number, string>): Agent {
  const groups = agent.groups?.map((group) => ({ ...group, name: groupNames.get(group.id) }));
  return v.parse(Agent, { ...toV2(agent), ...(groups && { groups }) });
}

function toV2({ id, avatar, avatar_path, role, ...same }: TextAgent, routing?: string) {
  const image = avatar ?? avatar_path;
  return {
    ...same,
    login: id,
    ...(image !== undefined && { avatar: /^https?:\/\//.test(image) ? image : `https://${image}` }),
    // `viceowner` is an administrator by another name.
    ...(role !== undefined && { permission: role === "viceowner" ? "administrator" : role, role }),
    ...(routing !== undefined && { status: routing.replaceAll("_", " ") }),
  };
}
