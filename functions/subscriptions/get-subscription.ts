import { NotFound } from "../../shared/core/errors.ts";
import { SubscriptionInDetail } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { HookPath } from "./on-subscription.ts";

export const getSubscription = operation({
  id: "GetSubscription",
  description: "Returns one subscription with its last 20 attempts and its parked events.",
  tag: "Subscriptions",
  method: "GET",
  route: "subscriptions/{hookId}",
  conditional: true,
  input: { path: HookPath },
  output: { status: 200, description: "The subscription.", schema: SubscriptionInDetail },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscriptions }) => ({ body: await subscriptions.get(path.hookId) }),
});
