import * as v from "valibot";
import { AGENT_STATUSES, AgentSummary } from "../../shared/schemas/agent.ts";
import { described, exact, oneOf } from "../../shared/schemas/vocabulary.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listAgents = operation({
  id: "ListAgents",
  description: "This operation returns a list of all the agents in your LiveChat account.",
  tag: "Agents",
  method: "GET",
  route: "agents",
  input: {
    query: exact({
      status: described(v.optional(oneOf(AGENT_STATUSES)), "Only agents with this status."),
    }),
  },
  output: {
    status: 200,
    description: "List of all agents with their details.",
    schema: v.array(AgentSummary),
  },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ query }, { liveChat }) => ({ body: await liveChat.listAgents(query) }),
});
