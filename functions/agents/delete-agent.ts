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
  access: "key",
  writes: "LiveChat",
  input: { path: AgentPath },
  output: { status: 200, description: "What LiveChat says of the removal.", schema: Removal },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ path }, { liveChat }) => ({ body: await liveChat.deleteAgent(path.login) }),
});
