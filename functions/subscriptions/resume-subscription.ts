import { NotFound } from "../../shared/core/errors.ts";
import { Subscription } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const resumeSubscription = operation({
  id: "ResumeSubscription",
  summary: "Resume subscription",
  description:
    "Retries the waiting events at once, also of a subscription that was given up. No event is lost.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/resume",
  access: "key",
  input: { path: SubscriptionPath },
  output: { status: 200, description: "The subscription after the call.", schema: Subscription },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscribers }) => ({ body: await subscribers.resume(path.id) }),
});
