import { InvalidInput, NotFound } from "../../shared/core/errors.ts";
import { Replay, Subscription } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const replaySubscription = operation({
  id: "ReplaySubscription",
  summary: "Replay events",
  description:
    "Sends a subscriber all of its events again from a place in the log. Also resumes a subscription that was given up.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/replay",
  access: "key",
  input: { path: SubscriptionPath, body: Replay },
  output: { status: 200, description: "The subscription after the call.", schema: Subscription },
  errors: [InvalidInput, NotFound, ...storageErrors],
  run: async ({ path, body }, { subscribers }) => ({ body: await subscribers.replay(path.id, body.seq) }),
});
