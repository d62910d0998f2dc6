import { isSameText } from "../../shared/core/text.ts";
import { Agent, NewAgent } from "../../shared/schemas/agent.ts";
import { repeatableErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const createAgent = operation({
  id: "CreateAgent",
  summary: "Create a new agent",
  description: "This operation is used to add a new agent to your LiveChat account.",
  tag: "Agents",
  method: "POST",
  route: "agents",
  writes: "LiveChat",
  input: { body: NewAgent },
  output: { status: 201, description: "The new agent.", schema: Agent },
  errors: repeatableErrors,
  connector: "action",
  repeatable: {
    nameOf: ({ login }) => `agent ${String(login).toLowerCase()}`,
    async find({ body }, { liveChat }, { deadline }) {
      const agents = await liveChat.listAgents({}, { deadline });
      const found = agents.find(({ login, name }) => isSameText(login, body.login) && name === body.name);
      if (!found) return undefined;
      // The list of agents has fewer fields than the lost answer, so the other fields come from the request.
      const { password: _, groups, ...asked } = body;
      return { ...asked, ...(groups && { groups: groups.map((id) => ({ id })) }), ...found };
    },
  },
  run: async ({ body }, { liveChat }, { permit }) => ({
    body: await liveChat.createAgent(body, permit),
  }),
});
