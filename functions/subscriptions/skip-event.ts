import { Conflict } from "../../shared/core/errors.ts";
import { SubscriptionInDetail } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

export const skipEvent = operation({
  ...onSubscription,
  id: "SkipEvent",
  description:
    "Parks the next waiting event, with either policy, and continues with the following event at once. The parked event can be sent again later. 409: no event waits.",
  route: "subscriptions/{id}/skip",
  output: { status: 200, description: "The subscription after the call.", schema: SubscriptionInDetail },
  errors: [...onSubscription.errors, Conflict],
  run: async ({ path }, { subscriptions }) => ({ body: await subscriptions.skip(path.id) }),
});
