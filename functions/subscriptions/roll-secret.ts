import { RolledSecret } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

export const rollSecret = operation({
  ...onSubscription,
  id: "RollSecret",
  description:
    "Gives the subscription a new secret. For 24 hours, each delivery has two signatures: one with the new secret and one with the former. In this time the receiver can switch without refusing a delivery.",
  route: "subscriptions/{id}/roll-secret",
  output: { status: 200, description: "The new secret.", schema: RolledSecret },
  run: async ({ path }, { subscriptions }) => ({ body: await subscriptions.rollSecret(path.id) }),
});
