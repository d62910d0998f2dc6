import { NotFound } from "../../shared/core/errors.ts";
import { SentTest } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const testSubscription = operation({
  id: "TestSubscription",
  summary: "Test subscription",
  description:
    "Sends a signed example event and returns the callback's answer. Its webhook-id begins with test_.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/test",
  access: "key",
  input: { path: SubscriptionPath },
  output: { status: 200, description: "The callback's answer.", schema: SentTest },
  errors: [NotFound, ...storageErrors],
  run: async ({ path }, { subscribers }) => ({ body: await subscribers.test(path.id) }),
});
