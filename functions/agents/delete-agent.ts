import { NotFound } from "../../shared/core/errors.ts";
import { isSameText } from "../../shared/core/text.ts";
import { Removal } from "../../shared/schemas/agent.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { AgentPath } from "./agent-path.ts";

export const deleteAgent = operation({
  id: "DeleteAgent",
  summary: "Remove an agent",
  description: "This operation is used to delete an agent from your LiveChat account.",
  tag: "Agents",
  method: "DELETE",
  route: "agents/{login}",
  writes: "LiveChat",
  input: { path: AgentPath },
  output: { status: 200, description: "LiveChat's confirmation.", schema: Removal },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ path: { login } }, { liveChat }) => {
    // A 404 after a lost answer is ambiguous: that attempt removed the agent, or the agent never existed.
    const agents = await liveChat.listAgents();
    const wasThere = agents.some((agent) => isSameText(agent.login, login));
    try {
      return { body: await liveChat.deleteAgent(login) };
    } catch (error) {
      if (!(wasThere && error instanceof NotFound && error.outcomeUnknown)) throw error;
      return { body: { result: `${login} removed successfully` } };
    }
  },
});
