import { Agent, NewAgent } from "../../shared/schemas/agent.ts";
import { liveChatErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const createAgent = operation({
  id: "CreateAgent",
  summary: "Create a new agent",
  description: "This operation is used to add a new agent to your LiveChat account.",
  tag: "Agents",
  method: "POST",
  route: "agents",
  access: "key",
  input: { body: NewAgent },
  output: { status: 201, description: "The new agent.", schema: Agent },
  errors: liveChatErrors,
  connector: "action",
  run: async ({ body }, { liveChat }) => ({ body: await liveChat.createAgent(body) }),
});
