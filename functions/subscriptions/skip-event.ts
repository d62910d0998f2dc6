import { Conflict, NotFound } from "../../shared/core/errors.ts";
import { SubscriptionInDetail } from "../../shared/schemas/subscription.ts";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { SubscriptionPath } from "./subscription-path.ts";

export const skipEvent = operation({
  id: "SkipEvent",
  summary: "Skip event",
  description:
    "Parks the waiting event, with any policy, and continues with the next one at once. The event can be sent again later. 409: no event waits.",
  tag: "Subscriptions",
  method: "POST",
  route: "subscriptions/{id}/skip",
  access: "key",
  input: { path: SubscriptionPath },
  output: { status: 200, description: "The subscription after the call.", schema: SubscriptionInDetail },
  errors: [NotFound, Conflict, ...storageErrors],
  run: async ({ path }, { subscribers }) => ({ body: await subscribers.skip(path.id) }),
});
