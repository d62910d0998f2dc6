import { Subscriptions } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listSubscriptions = operation({
  id: "ListSubscriptions",
  summary: "List subscriptions",
  description: "Who is told of events, how far each of them is, and what its callback last answered.",
  tag: "Subscriptions",
  method: "GET",
  route: "subscriptions",
  access: "key",
  input: {},
  output: { status: 200, description: "The subscriptions.", schema: Subscriptions },
  errors: storageErrors,
  run: async (_, { subscribers }) => ({ body: { items: await subscribers.list() } }),
});
