import { SentTest } from "../../shared/schemas/subscription.ts";
import { operation } from "../operation.ts";
import { onSubscription } from "./on-subscription.ts";

export const testSubscription = operation({
  ...onSubscription,
  id: "TestSubscription",
  description:
    "Sends a signed example event and returns the callback's answer. Its webhook-id begins with test_.",
  route: "subscriptions/{id}/test",
  output: { status: 200, description: "The callback's answer.", schema: SentTest },
  run: async ({ path }, { subscriptions }) => ({ body: await subscriptions.test(path.id) }),
});
