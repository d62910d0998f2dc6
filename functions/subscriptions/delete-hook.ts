import * as v from "valibot";
import { storageErrors } from "../errors.ts";
import { operation } from "../operation.ts";
import { HookPath } from "./on-subscription.ts";

export const deleteHook = operation({
  id: "DeleteHook",
  summary: "Unsubscribe",
  description:
    "Ends a subscription; a flow calls this operation when it is turned off. The call needs no key, because flows do not always send one, and the id cannot be guessed.",
  tag: "Subscriptions",
  method: "DELETE",
  route: "subscriptions/{hookId}",
  anonymous: true,
  input: { path: HookPath },
  output: { status: 204, description: "The subscription has ended.", schema: v.undefined() },
  errors: storageErrors,
  connector: "internal",
  run: async ({ path }, { subscriptions }) => {
    await subscriptions.unsubscribe(path.hookId);
    return {};
  },
});
