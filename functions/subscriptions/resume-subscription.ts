import { NotFound } from "../../shared/core/errors.ts";
import { Subscription } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const resumeSubscription = operation({
  id: "ResumeSubscription",
  summary: "Resume subscription",
  description:
    "Tries again at once to deliver what waits, also to a subscriber that was given up. It gets every event since.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/resume",
  access: "key",
  input: { path: SubscriptionPath },
  output: { status: 200, description: "The subscription as it stands now.", schema: Subscription },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscribers }) => ({ body: await subscribers.resume(path.id) }),
});
