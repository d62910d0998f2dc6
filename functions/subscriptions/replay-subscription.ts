import { InvalidInput } from "../../shared/core/errors.ts";
import { Replay, SubscriptionView } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

export const replaySubscription = operation({
  ...onSubscription,
  id: "ReplaySubscription",
  summary: "Replay events",
  description:
    "Sends all events of a subscription again, from a place in the log. The operation also resumes a subscription that was given up.",
  route: "subscriptions/{id}/replay",
  input: { ...onSubscription.input, body: Replay },
  output: { status: 200, description: "The subscription after the call.", schema: SubscriptionView },
  errors: [InvalidInput, ...onSubscription.errors],
  run: async ({ path, body }, { subscriptions }) => ({ body: await subscriptions.replay(path.id, body.seq) }),
});
