import { SubscriptionList } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";

export const listSubscriptions = operation({
  id: "ListSubscriptions",
  description: "Lists the subscriptions, each with its progress and its callback's last answer.",
  tag: "Subscriptions",
  method: "GET",
  route: "subscriptions",
  conditional: true,
  input: {},
  output: { status: 200, description: "The subscriptions.", schema: SubscriptionList },
  errors: storageErrors,
  run: async (_, { subscriptions }) => ({ body: { items: await subscriptions.list() } }),
});
