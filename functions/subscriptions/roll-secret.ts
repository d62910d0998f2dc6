import { NotFound } from "../../shared/core/errors.ts";
import { RolledSecret } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const rollSecret = operation({
  id: "RollSecret",
  summary: "Roll secret",
  description:
    "Gives the subscription a new secret. For 24 hours each delivery has two signatures, with the new and the former secret, so that the receiver can switch without refusing a delivery.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/roll-secret",
  access: "key",
  input: { path: SubscriptionPath },
  output: { status: 200, description: "The new secret.", schema: RolledSecret },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscribers }) => ({ body: await subscribers.rollSecret(path.id) }),
});
