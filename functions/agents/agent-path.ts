import { examples } from "../../shared/schemas/examples.ts";
import { email, exact, named } from "../../shared/schemas/vocabulary.ts";

/** The path of every operation on one agent. */
export const AgentPath = exact({
  login: named(email, "Email", "The email of the agent.", examples.agentLogin),
});
