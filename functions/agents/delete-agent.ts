import { NewAgent, Removal } from "../../shared/schemas/agent.ts";
import { exact, named } from "../../shared/schemas/scalar.ts";
import { operation } from "../operation.ts";

export const deleteAgent = operation({
  id: "DeleteAgent",
  summary: "Remove an agent",
  description: "This operation is used to delete an agent from your LiveChat account.",
  tag: "Agents",
  method: "DELETE",
  route: "agents/{login}",
  access: "key",
  input: { path: exact({ login: named(NewAgent.entries.login, "Email", "The email of the agent.") }) },
  output: { status: 200, description: "What LiveChat says of the removal.", schema: Removal },
  run: async ({ path }, { liveChat }) => ({ body: await liveChat.deleteAgent(path.login) }),
});
