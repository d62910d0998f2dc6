import * as v from "valibot";
import { Agent, AgentSummary, type NewAgent } from "../../schemas/agent.ts";
import type { TextAgent } from "./actions.ts";

/** The optional fields of an agent that this app requests. LiveChat always answers the other fields. */
export const AGENT_FIELDS = [
  ...["groups", "job_title", "max_chats_count", "last_logout", "suspended", "awaiting_approval"],
  ...["email_subscriptions", "notifications"],
];

/** Makes the input of `create_agent`. It has no password, because LiveChat invites the agent by email. */
export function toCreation({ login, permission, groups, password: _, ...same }: NewAgent) {
  return {
    id: login,
    ...same,
    ...(permission && { role: permission }),
    ...(groups && { groups: groups.map((id) => ({ id, priority: "normal" })) }),
  };
}

/** Converts an agent to v2's field names. `status` is the routing status. */
export function toSummary(agent: TextAgent, routing?: string): AgentSummary {
  return v.parse(AgentSummary, toV2(agent, routing));
}

/** Converts a whole agent to v2's field names, and adds the known names of its groups. */
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
    // v2 has no `viceowner`; an administrator has the same rights.
    ...(role !== undefined && { permission: role === "viceowner" ? "administrator" : role, role }),
    ...(routing !== undefined && { status: routing.replaceAll("_", " ") }),
  };
}
