import { SubscriptionView } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

export const resumeSubscription = operation({
  ...onSubscription,
  id: "ResumeSubscription",
  description: "Retries the waiting events at once, even if the subscription was given up. No event is lost.",
  route: "subscriptions/{id}/resume",
  output: { status: 200, description: "The subscription after the call.", schema: SubscriptionView },
  run: async ({ path }, { subscriptions }) => ({ body: await subscriptions.resume(path.id) }),
});
