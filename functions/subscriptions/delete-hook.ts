import * as v from "valibot";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { HookPath } from "./on-subscription.ts";

export const deleteHook = operation({
  id: "DeleteHook",
  summary: "Unsubscribe",
  description:
    "Ends a subscription, as a flow does when it is turned off. It needs no key, because flows do not always send one and the id cannot be guessed.",
  tag: "Subscriptions",
  method: "DELETE",
  route: "subscriptions/{hookId}",
  anonymous: true,
  input: { path: HookPath },
  output: { status: 204, description: "Deleted, now or before.", schema: v.undefined() },
  errors: storageErrors,
  connector: "internal",
  run: async ({ path }, { subscribers }) => {
    await subscribers.unsubscribe(path.hookId);
    return {};
  },
});
